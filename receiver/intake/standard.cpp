#include "receiver/intake/standard.h"

#include "receiver/intake/json_fields.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {

std::optional<AuthFailure> Standard::authenticate(const Delivery& delivery) const {
  return check_standard(delivery, secrets_);
}

Parsed Standard::parse(const Delivery& delivery, const std::string& source) const {
  const auto payload = parse_json(delivery.body);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  const std::string name = text_at(payload, "/event");
  if (name.empty()) return Malformed{"event: missing"};
  const auto kind = parse_event_kind(name);
  if (!kind || *kind == EventKind::alert_firing || *kind == EventKind::alert_resolved) {
    return Ignored{"unknown event"};
  }
  Event event;
  event.kind = *kind;
  event.source = source;
  const auto id = delivery.header("webhook-id");
  event.dedupe_key = std::string(id ? *id : delivery.header("svix-id").value_or(""));
  if (event.dedupe_key.empty()) return Malformed{"webhook-id: missing"};
  event.actor = text_at(payload, "/actor");
  if (event.actor.empty()) event.actor = source;
  if (payload.contains("release")) {
    event.release = text_at(payload, "/release");
    if (!is_valid_release_name(event.release)) return Malformed{"release: not a release's name"};
  } else if (*kind != EventKind::rollback_requested && *kind != EventKind::backup_requested) {
    return Malformed{"release: missing"};
  }
  event.details = read_release_details(payload);
  return Accepted{{event}};
}

}  // namespace backstay::intake
