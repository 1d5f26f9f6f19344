#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "receiver/intake/provider.h"

namespace backstay::intake {

// HMAC-SHA256 of the message, as raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// Takes as long for a wrong text as for the right one of the same length.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// "Authorization: Bearer <token>", against any of the secrets.
std::optional<AuthFailure> check_bearer(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets);

// GitHub: X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
std::optional<AuthFailure> check_github(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets);

// Standard Webhooks and Svix: HMAC-SHA256 of "id.timestamp.body" with the base64 key that follows
// whsec_; the header lists "v1,<base64>" entries of which one must match; the timestamp must be
// within five minutes of received_at, either way.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
std::optional<AuthFailure> check_standard(const Delivery& delivery,
                                          const std::vector<SecretSource>& secrets);

}  // namespace backstay::intake
