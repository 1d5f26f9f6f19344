#include "receiver/intake/alertmanager.h"

#include "base/timestamp.h"
#include "receiver/intake/event_bounds.h"
#include "receiver/intake/json_fields.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

constexpr std::size_t kAlertsMax = 1000;

std::optional<std::string> read_labels(const json& alert, Event& event) {
  const auto labels = alert.find("labels");
  if (labels == alert.end() || !labels->is_object()) return "labels: not an object";
  for (const auto& label : labels->items()) {
    if (!label.value().is_string()) return "labels: a value is not text";
    event.labels[label.key()] = label.value().get<std::string>();
  }
  return std::nullopt;
}

// Nothing, or what is wrong with the alert.
std::optional<std::string> read_alert(const json& alert, const std::string& group, Event& event) {
  if (!alert.is_object()) return "not an object";
  const std::string status = text_at(alert, "/status");
  if (status != "firing" && status != "resolved") return "status: neither firing nor resolved";
  event.kind = status == "firing" ? EventKind::alert_firing : EventKind::alert_resolved;
  if (auto wrong = read_labels(alert, event)) return wrong;
  event.subject = event.labels.count("alertname") != 0 ? event.labels["alertname"] : "";
  if (event.subject.empty()) return "labels.alertname: missing";
  const std::string starts_at = text_at(alert, "/startsAt");
  const auto began_at = parse_rfc3339(starts_at);
  if (!began_at) return "startsAt: " + began_at.error().message;
  event.began_at = *began_at;
  std::string fingerprint = text_at(alert, "/fingerprint");
  if (fingerprint.empty()) fingerprint = json(event.labels).dump();
  event.dedupe_key = group + " " + fingerprint + " " + starts_at + " " + status;
  return std::nullopt;
}

}  // namespace

std::optional<AuthFailure> Alertmanager::authenticate(const Delivery& delivery) const {
  if (basic_auth_user_.empty()) return check_bearer(delivery, secrets_);
  if (delivery.user.empty()) return AuthFailure::no_credentials;
  // Whose password it was is not secret.
  if (delivery.user != basic_auth_user_) return AuthFailure::wrong;
  return std::nullopt;
}

Parsed Alertmanager::parse(const Delivery& delivery, const std::string& source) const {
  const json payload = parse_json(delivery.body);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  const auto alerts = payload.find("alerts");
  if (alerts == payload.end() || !alerts->is_array()) return Malformed{"alerts: not a list"};
  if (alerts->size() > kAlertsMax) return Malformed{"alerts: more than 1000"};
  // Of a group that was cut short the missing alerts may still fire.
  const auto truncated = payload.find("truncatedAlerts");
  const bool is_cut_short = truncated != payload.end() && truncated->is_number() && *truncated > 0;
  // It stands in the key of each of its alerts.
  const std::string group = bounded_key(text_at(payload, "/groupKey"));

  Accepted accepted;
  for (std::size_t i = 0; i < alerts->size(); ++i) {
    Event event;
    event.source = source;
    event.actor = "alertmanager";
    if (auto wrong = read_alert((*alerts)[i], group, event)) {
      return Malformed{"alerts[" + std::to_string(i) + "]." + *wrong};
    }
    if (is_cut_short && event.kind == EventKind::alert_resolved) continue;
    accepted.events.push_back(std::move(event));
  }
  if (accepted.events.empty()) return Ignored{"no alert that can be trusted"};
  return accepted;
}

}  // namespace backstay::intake
