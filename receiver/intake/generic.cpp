#include "receiver/intake/generic.h"

#include "receiver/intake/json_fields.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

constexpr std::size_t kIndexDigitsMax = 9;

// Empty where there is nothing that can be a field.
std::string field_at(const json& payload, const std::string& pointer) {
  const json::json_pointer where(pointer);
  if (pointer.empty() || !payload.contains(where)) return "";
  const json& field = payload.at(where);
  if (field.is_number_integer()) return field.dump();
  return field.is_string() ? field.get<std::string>() : "";
}

// What is not understood is named by its place in the payload.
ReleaseDetails details_of(const json& payload, const std::map<std::string, std::string>& pointers) {
  json told = json::object();
  for (const auto& [key, pointer] : pointers) {
    const json::json_pointer where(pointer);
    if (!pointer.empty() && payload.contains(where)) told[key] = payload.at(where);
  }
  ReleaseDetails details = read_release_details(told);
  for (auto& [key, expected] : details.not_understood) {
    const auto pointer = pointers.find(key);
    if (pointer != pointers.end()) expected = pointer->second + ": " + expected;
  }
  return details;
}

bool needs_release(EventKind kind) {
  return kind != EventKind::rollback_requested && kind != EventKind::backup_requested;
}

}  // namespace

std::optional<std::string> Generic::fault_of_pointer(const std::string& pointer) {
  if (pointer.empty() || pointer.front() != '/') return "a JSON pointer begins with \"/\"";
  try {
    static_cast<void>(json::json_pointer(pointer));
  } catch (const json::exception&) {
    return "not a JSON pointer: \"~\" is written \"~0\"";
  }
  // A number too long for an index would be an exception at each payload that has a list there.
  std::size_t digits = 0;
  for (const char c : pointer) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > kIndexDigitsMax) return "a number in it is too long";
  }
  return std::nullopt;
}

std::optional<AuthFailure> Generic::authenticate(const Delivery& delivery) const {
  switch (config_.signature) {
    case GenericConfig::Signature::hmac_sha256:
      return check_hex_hmac(delivery, config_.header, Digest::sha256, secrets_);
    case GenericConfig::Signature::hmac_sha1:
      return check_hex_hmac(delivery, config_.header, Digest::sha1, secrets_);
    case GenericConfig::Signature::timestamped:
      return check_timestamped(delivery, config_.header, secrets_);
    case GenericConfig::Signature::token:
      break;
  }
  return check_token(delivery, config_.header, secrets_);
}

Parsed Generic::parse(const Delivery& delivery, const std::string& source) const {
  const json payload = parse_json(delivery.body);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  const std::string word = field_at(payload, config_.event);
  if (word.empty()) return Malformed{config_.event + ": missing"};
  const auto known = config_.events.find(word);
  if (known == config_.events.end()) return Ignored{"event not in the configuration"};
  const std::string id = field_at(payload, config_.id);
  if (id.empty()) return Malformed{config_.id + ": missing"};

  Event event;
  event.kind = known->second;
  event.source = source;
  event.dedupe_key = word + " " + id;
  event.actor = field_at(payload, config_.actor);
  if (event.actor.empty()) event.actor = source;
  event.subject = field_at(payload, config_.environment);
  if (!event.subject.empty()) event.labels["environment"] = event.subject;
  event.labels["kind"] = word;
  event.release = field_at(payload, config_.release);
  // One that is named badly is not taken for one that is not named.
  const bool is_named =
      !config_.release.empty() && payload.contains(json::json_pointer(config_.release));
  if ((is_named || needs_release(event.kind)) && !is_valid_release_name(event.release)) {
    return Malformed{config_.release + ": not a release's name"};
  }
  event.details = details_of(payload, config_.details);
  return Accepted{{event}};
}

}  // namespace backstay::intake
