#include "receiver/intake/cloudflare.h"

#include "receiver/intake/json_fields.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

constexpr std::int64_t kLatestSeconds = 100'000'000'000;

std::optional<EventKind> kind_of(const std::string& alert_event) {
  if (alert_event == "ALERT_STATE_EVENT_START") return EventKind::alert_firing;
  if (alert_event == "ALERT_STATE_EVENT_END") return EventKind::alert_resolved;
  return std::nullopt;
}

std::optional<WallTime> time_at(const json& payload) {
  const auto found = payload.find("ts");
  if (found == payload.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto seconds = found->get<std::uint64_t>();
  if (seconds > kLatestSeconds) return std::nullopt;
  return WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

}  // namespace

std::optional<AuthFailure> Cloudflare::authenticate(const Delivery& delivery) const {
  return check_token(delivery, "cf-webhook-auth", secrets_);
}

Parsed Cloudflare::parse(const Delivery& delivery, const std::string& source) const {
  const json payload = parse_json(delivery.body);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  if (!payload.contains("alert_type")) return Ignored{"a test, or no alert"};
  const auto kind = kind_of(text_at(payload, "/alert_event"));
  if (!kind) return Ignored{"an alert that neither starts nor ends"};
  const std::string policy = text_at(payload, "/policy_id");
  const std::string correlation = text_at(payload, "/alert_correlation_id");
  if (policy.empty()) return Malformed{"policy_id: missing"};
  if (correlation.empty()) return Malformed{"alert_correlation_id: missing"};
  const auto time = time_at(payload);
  if (!time) return Malformed{"ts: no time in seconds"};

  Event event;
  event.kind = *kind;
  event.source = source;
  event.actor = "cloudflare";
  event.dedupe_key = policy + " " + correlation + " " + text_at(payload, "/alert_event");
  event.subject = text_at(payload, "/policy_name");
  if (event.subject.empty()) event.subject = text_at(payload, "/name");
  if (event.subject.empty()) return Malformed{"policy_name: missing"};
  event.began_at = *time;
  event.labels["alertname"] = event.subject;
  const std::string type = text_at(payload, "/alert_type");
  if (!type.empty()) event.labels["alert_type"] = type;
  return Accepted{{event}};
}

}  // namespace backstay::intake
