#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "receiver/intake/digests.h"
#include "receiver/intake/provider.h"

namespace backstay::intake {

// Nothing when one of the secrets matches. All are tried, and those that cannot be read are told to
// the operator; the sender learns nothing of it.
std::optional<AuthFailure> match_any(const std::vector<SecretSource>& secrets,
                                     const std::function<bool(const Secret&)>& matches);

// "Authorization: Bearer <token>", against any of the secrets.
std::optional<AuthFailure> check_bearer(const Delivery& delivery,
                                        const std::vector<SecretSource>& secrets);

// A header (its name in lower case) that holds nothing but the secret.
std::optional<AuthFailure> check_token(const Delivery& delivery, const std::string& header,
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

// A header that holds the HMAC of the body in hexadecimal, with or without "sha256=" before it. As
// Gitea and Bitbucket do; with SHA-1 (and "sha1=") as Vercel does.
enum class Digest { sha256, sha1 };
std::optional<AuthFailure> check_hex_hmac(const Delivery& delivery, const std::string& header,
                                          Digest digest, const std::vector<SecretSource>& secrets);

// "t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>", any v1 of several, within five minutes of
// received_at, either way. As Stripe does: https://docs.stripe.com/webhooks#verify-manually
std::optional<AuthFailure> check_timestamped(const Delivery& delivery, const std::string& header,
                                             const std::vector<SecretSource>& secrets);

}  // namespace backstay::intake
