#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// Alertmanager's webhook, payload version "4": a group of alerts, each an event of its own. Proven
// by a bearer token, or by the password of a user of the web configuration; there is no signature.
// Two Alertmanagers of a pair send the same alert: the key of group, fingerprint, start and status
// is the same from both. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
class Alertmanager final : public Provider {
 public:
  // Where there is a user's name, no secret counts.
  explicit Alertmanager(std::vector<SecretSource> secrets, std::string basic_auth_user = "")
      : secrets_(std::move(secrets)), basic_auth_user_(std::move(basic_auth_user)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
  std::string basic_auth_user_;
};

}  // namespace backstay::intake
