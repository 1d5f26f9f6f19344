#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// Netlify's deploy notifications: X-Webhook-Signature is a JWS (HS256, and no other algorithm)
// whose claims are iss "netlify" and the body's SHA-256. The release is the deploy's id, which is
// what Netlify itself publishes and restores. There is no time in what is signed, so the deploy's
// id and state tell one delivery from another.
// https://docs.netlify.com/deploy/deploy-notifications/#payload-signature
class Netlify final : public Provider {
 public:
  explicit Netlify(std::vector<SecretSource> secrets) : secrets_(std::move(secrets)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
};

}  // namespace backstay::intake
