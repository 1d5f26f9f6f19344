#include "receiver/intake/github.h"

#include "receiver/intake/json_fields.h"
#include "receiver/intake/signatures.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

// Whoever names a release in the payload does not mean the ref, even where the name is no good.
std::string release_of(const json& payload) {
  if (payload.contains(json::json_pointer("/deployment/payload/release"))) {
    return text_at(payload, "/deployment/payload/release");
  }
  const std::string ref = text_at(payload, "/deployment/ref");
  return is_valid_release_name(ref) ? ref : text_at(payload, "/deployment/sha");
}

// The delivery's id is in a header, which the signature does not cover: who has caught a delivery
// could send it again under another. What the body itself is about is signed.
std::string dedupe_key(const json& payload, const std::string& kind, const std::string& delivery) {
  const json::json_pointer where("/" + kind + "/id");
  if (!payload.contains(where) || !payload.at(where).is_number_integer()) return delivery;
  return kind + " " + payload.at(where).dump();
}

std::optional<EventKind> kind_of_status(const std::string& state) {
  if (state == "success") return EventKind::deploy_succeeded;
  if (state == "failure" || state == "error") return EventKind::deploy_failed;
  if (state == "pending" || state == "queued" || state == "in_progress") {
    return EventKind::deploy_started;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AuthFailure> Github::authenticate(const Delivery& delivery) const {
  return check_github(delivery, secrets_);
}

Parsed Github::parse(const Delivery& delivery, const std::string& source) const {
  const std::string kind(delivery.header("x-github-event").value_or(""));
  if (kind.empty()) return Malformed{"X-GitHub-Event: missing"};
  const json payload = json::parse(delivery.body, nullptr, false);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  if (kind != "deployment" && kind != "deployment_status") return Ignored{"kind " + kind};
  const auto id = delivery.header("x-github-delivery");
  if (!id) return Malformed{"X-GitHub-Delivery: missing"};

  Event event;
  event.source = source;
  event.dedupe_key = dedupe_key(payload, kind, std::string(*id));
  event.actor = text_at(payload, "/sender/login");
  event.release = release_of(payload);
  event.subject = text_at(payload, "/deployment/environment");
  // So that a rule can tell production from staging.
  if (!event.subject.empty()) event.labels["environment"] = event.subject;
  if (!is_valid_release_name(event.release)) return Malformed{"deployment: names no valid release"};
  if (kind == "deployment") {
    if (text_at(payload, "/action") != "created") return Ignored{"deployment not created"};
    event.kind = EventKind::deploy_requested;
    return Accepted{{event}};
  }
  const std::string state = text_at(payload, "/deployment_status/state");
  if (state.empty()) return Malformed{"deployment_status.state: missing"};
  const auto status = kind_of_status(state);
  if (!status) return Ignored{"deployment_status " + state};
  event.kind = *status;
  return Accepted{{event}};
}

}  // namespace backstay::intake
