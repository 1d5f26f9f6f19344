#include "receiver/intake/signatures.h"

#include <array>
#include <charconv>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/log.h"

namespace backstay::intake {
namespace {

constexpr std::chrono::minutes kReplayWindow{5};

// Our own secrets as they are now. One that cannot be read is left out and told to the operator;
// the sender learns nothing of it.
std::vector<Secret> read_all(const std::vector<SecretSource>& sources) {
  std::vector<Secret> secrets;
  for (const SecretSource& source : sources) {
    auto secret = source.read();
    if (secret) {
      secrets.push_back(std::move(*secret));
    } else {
      log::error("a webhook's secret cannot be read", {{"error", secret.error().message}});
    }
  }
  return secrets;
}

// All secrets are tried, so that the time taken does not tell which one matched.
template <class Matches>
std::optional<AuthFailure> any_matches(const std::vector<SecretSource>& sources, Matches matches) {
  const std::vector<Secret> secrets = read_all(sources);
  if (secrets.empty()) return AuthFailure::secret_unavailable;
  bool found = false;
  for (const Secret& secret : secrets) found = matches(secret) || found;
  return found ? std::nullopt : std::optional(AuthFailure::wrong);
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

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
       &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4U];
    hex += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return hex;
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<AuthFailure> check_bearer(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets) {
  const auto header = delivery.header("authorization");
  if (!header) return AuthFailure::no_credentials;
  const auto token = after_prefix(*header, "Bearer ");
  if (!token || token->empty()) return AuthFailure::malformed;
  return any_matches(secrets, [&](const Secret& secret) { return secret.equals(*token); });
}

std::optional<AuthFailure> check_github(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets) {
  const auto header = delivery.header("x-hub-signature-256");
  if (!header) return AuthFailure::no_credentials;
  const auto signature = after_prefix(*header, "sha256=");
  if (!signature || signature->size() != 64) return AuthFailure::malformed;
  return any_matches(secrets, [&](const Secret& secret) {
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
  const auto failure = any_matches(secrets, [&](const Secret& secret) {
    return lists(*signatures, to_base64(hmac_sha256(standard_key(secret), message)));
  });
  if (failure) return failure;
  const auto age = delivery.received_at - *sent_at;
  if (age > kReplayWindow || age < -kReplayWindow) return AuthFailure::too_old;
  return std::nullopt;
}

}  // namespace backstay::intake
