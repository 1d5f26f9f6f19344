#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// Alertmanager's webhook, payload version "4": a group of alerts, each an event of its own. Proven
// by a bearer token; there is no signature. Two Alertmanagers of a pair send the same alert: the
// key of group, fingerprint, start and status is the same from both.
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
class Alertmanager final : public Provider {
 public:
  explicit Alertmanager(std::vector<SecretSource> secrets) : secrets_(std::move(secrets)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
};

}  // namespace backstay::intake
