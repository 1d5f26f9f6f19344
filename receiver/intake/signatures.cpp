#include "receiver/intake/signatures.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/log.h"
#include "receiver/intake/refusal_log.h"

namespace backstay::intake {
namespace {

constexpr std::chrono::minutes kReplayWindow{5};

// At each delivery of whoever likes to send one: so not each time.
void tell_unreadable(const std::string& error) {
  static RefusalLog told;
  if (const auto left_out = told.due(error, "", SystemClock().steady())) {
    log::error("a webhook's secret cannot be read", {{"error", error}, {"left_out", *left_out}});
  }
}

// Our own secrets as they are now. One that cannot be read is left out and told to the operator;
// the sender learns nothing of it.
std::vector<Secret> read_all(const std::vector<SecretSource>& sources) {
  std::vector<Secret> secrets;
  for (const SecretSource& source : sources) {
    auto secret = source.read();
    if (secret) {
      secrets.push_back(std::move(*secret));
    } else {
      tell_unreadable(secret.error().message);
    }
  }
  return secrets;
}

std::optional<std::string_view> after_prefix(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  return text.substr(prefix.size());
}

std::optional<WallTime> parse_unix_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!is_whole || seconds < 0 || seconds > 100'000'000'000) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

std::optional<std::string_view> first_header(const Delivery& delivery, const std::string& suffix) {
  const auto standard = delivery.header("webhook-" + suffix);
  return standard ? standard : delivery.header("svix-" + suffix);
}

// The key is the base64 text after whsec_; a secret that is not in that form is used as it is.
std::string standard_key(const Secret& secret) {
  const auto encoded = after_prefix(secret.reveal(), "whsec_");
  if (!encoded) return secret.reveal();
  return from_base64(*encoded).value_or(secret.reveal());
}

bool lists(std::string_view signatures, const std::string& expected) {
  bool found = false;
  while (!signatures.empty()) {
    const std::string_view one = signatures.substr(0, signatures.find(' '));
    signatures.remove_prefix(std::min(signatures.size(), one.size() + 1));
    const auto value = after_prefix(one, "v1,");
    if (value) found = equal_in_constant_time(*value, expected) || found;
  }
  return found;
}

std::optional<AuthFailure> check_age(const Delivery& delivery, WallTime sent_at) {
  const auto age = delivery.received_at - sent_at;
  if (age > kReplayWindow || age < -kReplayWindow) return AuthFailure::too_old;
  return std::nullopt;
}

// What stands behind the prefix in each entry of a list with commas: "t=1,v1=a,v1=b".
std::vector<std::string_view> values_of(std::string_view list, std::string_view prefix) {
  std::vector<std::string_view> values;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (const auto value = after_prefix(one, prefix)) values.push_back(*value);
  }
  return values;
}

}  // namespace

std::optional<std::string_view> Delivery::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  if (found == headers.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string_view to_string(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::no_credentials:
      return "no_credentials";
    case AuthFailure::malformed:
      return "malformed";
    case AuthFailure::wrong:
      return "wrong";
    case AuthFailure::too_old:
      return "too_old";
    case AuthFailure::secret_unavailable:
      break;
  }
  return "secret_unavailable";
}

// All secrets are tried, so that the time taken does not tell which one matched.
std::optional<AuthFailure> match_any(const std::vector<SecretSource>& sources,
                                     const std::function<bool(const Secret&)>& matches) {
  const std::vector<Secret> secrets = read_all(sources);
  if (secrets.empty()) return AuthFailure::secret_unavailable;
  bool found = false;
  for (const Secret& secret : secrets) found = matches(secret) || found;
  return found ? std::nullopt : std::optional(AuthFailure::wrong);
}

std::optional<AuthFailure> check_bearer(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets) {
  const auto header = delivery.header("authorization");
  if (!header) return AuthFailure::no_credentials;
  const auto token = after_prefix(*header, "Bearer ");
  if (!token || token->empty()) return AuthFailure::malformed;
  return match_any(secrets, [&](const Secret& secret) { return secret.equals(*token); });
}

std::optional<AuthFailure> check_token(const Delivery& delivery, const std::string& header,
                                       const std::vector<SecretSource>& secrets) {
  const auto token = delivery.header(header);
  if (!token) return AuthFailure::no_credentials;
  return match_any(secrets, [&](const Secret& secret) { return secret.equals(*token); });
}

std::optional<AuthFailure> check_github(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets) {
  const auto header = delivery.header("x-hub-signature-256");
  if (!header) return AuthFailure::no_credentials;
  const auto signature = after_prefix(*header, "sha256=");
  if (!signature || signature->size() != 64) return AuthFailure::malformed;
  return match_any(secrets, [&](const Secret& secret) {
    return equal_in_constant_time(*signature, to_hex(hmac_sha256(secret.reveal(), delivery.body)));
  });
}

std::optional<AuthFailure> check_standard(const Delivery& delivery,
                                          const std::vector<SecretSource>& secrets) {
  const auto id = first_header(delivery, "id");
  const auto timestamp = first_header(delivery, "timestamp");
  const auto signatures = first_header(delivery, "signature");
  if (!id || !timestamp || !signatures) return AuthFailure::no_credentials;
  const auto sent_at = parse_unix_seconds(*timestamp);
  if (!sent_at) return AuthFailure::malformed;
  const std::string message =
      std::string(*id) + "." + std::string(*timestamp) + "." + std::string(delivery.body);
  const auto failure = match_any(secrets, [&](const Secret& secret) {
    return lists(*signatures, to_base64(hmac_sha256(standard_key(secret), message)));
  });
  if (failure) return failure;
  return check_age(delivery, *sent_at);
}

std::optional<AuthFailure> check_hex_hmac(const Delivery& delivery, const std::string& header,
                                          Digest digest, const std::vector<SecretSource>& secrets) {
  const auto sent = delivery.header(header);
  if (!sent) return AuthFailure::no_credentials;
  const bool is_sha256 = digest == Digest::sha256;
  const auto behind = after_prefix(*sent, is_sha256 ? "sha256=" : "sha1=");
  const std::string_view signature = behind ? *behind : *sent;
  if (signature.size() != (is_sha256 ? 64 : 40)) return AuthFailure::malformed;
  return match_any(secrets, [&](const Secret& secret) {
    const std::string own = is_sha256 ? hmac_sha256(secret.reveal(), delivery.body)
                                      : hmac_sha1(secret.reveal(), delivery.body);
    return equal_in_constant_time(signature, to_hex(own));
  });
}

std::optional<AuthFailure> check_timestamped(const Delivery& delivery, const std::string& header,
                                             const std::vector<SecretSource>& secrets) {
  const auto sent = delivery.header(header);
  if (!sent) return AuthFailure::no_credentials;
  const auto timestamps = values_of(*sent, "t=");
  const auto signatures = values_of(*sent, "v1=");
  // With two times it would not be clear which of them is signed.
  if (timestamps.size() != 1 || signatures.empty()) return AuthFailure::malformed;
  const auto sent_at = parse_unix_seconds(timestamps.front());
  if (!sent_at) return AuthFailure::malformed;
  const std::string message = std::string(timestamps.front()) + "." + std::string(delivery.body);
  const auto failure = match_any(secrets, [&](const Secret& secret) {
    const std::string own = to_hex(hmac_sha256(secret.reveal(), message));
    bool found = false;
    for (const auto signature : signatures) found = equal_in_constant_time(signature, own) || found;
    return found;
  });
  if (failure) return failure;
  return check_age(delivery, *sent_at);
}

}  // namespace backstay::intake
