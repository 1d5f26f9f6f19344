#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// Cloudflare's notifications, proven by the constant in cf-webhook-auth: an alert that starts or
// ends. Its name is that of the notification's policy. The post that Cloudflare sends to try a
// destination has none of this, and must be answered with a 2xx.
// https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/
class Cloudflare final : public Provider {
 public:
  explicit Cloudflare(std::vector<SecretSource> secrets) : secrets_(std::move(secrets)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
};

}  // namespace backstay::intake
