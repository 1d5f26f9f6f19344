#include "receiver/intake/gitlab.h"

#include "receiver/intake/json_fields.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

std::optional<EventKind> kind_of_status(const std::string& status) {
  if (status == "success") return EventKind::deploy_succeeded;
  if (status == "failed") return EventKind::deploy_failed;
  if (status == "running") return EventKind::deploy_started;
  return std::nullopt;
}

// The same event sent again by hand has another UUID, and those that one event set off share one:
// what the body itself is about tells better.
std::string dedupe_key(const json& payload, const char* id_field, const std::string& state,
                       const Delivery& delivery) {
  const auto id = payload.find(id_field);
  if (id != payload.end() && id->is_number_integer()) {
    return text_at(payload, "/object_kind") + " " + id->dump() + " " + state;
  }
  return std::string(delivery.header("x-gitlab-event-uuid").value_or(""));
}

Parsed read_deployment(const json& payload, const Delivery& delivery, Event event) {
  const std::string status = text_at(payload, "/status");
  if (status.empty()) return Malformed{"status: missing"};
  const auto kind = kind_of_status(status);
  if (!kind) return Ignored{"deployment of another status"};
  event.kind = *kind;
  event.dedupe_key = dedupe_key(payload, "deployment_id", status, delivery);
  event.actor = text_at(payload, "/user/username");
  event.subject = text_at(payload, "/environment");
  if (!event.subject.empty()) event.labels["environment"] = event.subject;
  event.release = text_at(payload, "/ref");
  if (!is_valid_release_name(event.release)) event.release = text_at(payload, "/short_sha");
  if (!is_valid_release_name(event.release)) {
    return Malformed{"ref, short_sha: neither is a release's name"};
  }
  event.details = details_of(text_at(payload, "/short_sha"), "");
  return Accepted{{event}};
}

Parsed read_release(const json& payload, const Delivery& delivery, Event event) {
  if (text_at(payload, "/action") != "create") return Ignored{"release not created"};
  event.kind = EventKind::deploy_requested;
  event.dedupe_key = dedupe_key(payload, "id", "create", delivery);
  event.actor = text_at(payload, "/commit/author/name");
  event.release = text_at(payload, "/tag");
  event.subject = text_at(payload, "/name");
  if (!is_valid_release_name(event.release)) return Malformed{"tag: not a release's name"};
  event.details = details_of(text_at(payload, "/commit/id"), text_at(payload, "/commit/timestamp"));
  return Accepted{{event}};
}

}  // namespace

std::optional<AuthFailure> Gitlab::authenticate(const Delivery& delivery) const {
  if (delivery.header("webhook-signature")) return check_standard(delivery, secrets_);
  return check_token(delivery, "x-gitlab-token", secrets_);
}

Parsed Gitlab::parse(const Delivery& delivery, const std::string& source) const {
  const json payload = parse_json(delivery.body);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  const std::string kind = text_at(payload, "/object_kind");
  if (kind.empty()) return Malformed{"object_kind: missing"};
  if (kind != "deployment" && kind != "release") return Ignored{"neither deployment nor release"};
  Event event;
  event.source = source;
  event.labels["kind"] = kind;
  Parsed parsed = kind == "deployment" ? read_deployment(payload, delivery, std::move(event))
                                       : read_release(payload, delivery, std::move(event));
  auto* accepted = std::get_if<Accepted>(&parsed);
  if (accepted != nullptr) {
    if (accepted->events.front().dedupe_key.empty()) {
      return Malformed{"no id in the body, and X-Gitlab-Event-UUID: missing"};
    }
    if (accepted->events.front().actor.empty()) accepted->events.front().actor = source;
  }
  return parsed;
}

}  // namespace backstay::intake
