#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// Standard Webhooks (and Svix' headers): {"event": "deploy_requested", "release": "2", "actor":
// "ada"}, where the event is any but an alert: those carry labels, and come from Alertmanager.
class Standard final : public Provider {
 public:
  explicit Standard(std::vector<SecretSource> secrets) : secrets_(std::move(secrets)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
};

}  // namespace backstay::intake
