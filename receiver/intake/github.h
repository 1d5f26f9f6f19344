#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// GitHub's webhooks: `deployment` asks for one, `deployment_status` tells how it went elsewhere;
// all other kinds are ignored. The release is deployment.payload.release where the deployment names
// one, else deployment.ref if it can be a release's name, else deployment.sha. The same event sent
// under another X-GitHub-Delivery is the same event: its id in the signed body counts.
// https://docs.github.com/webhooks/webhook-events-and-payloads#deployment
class Github final : public Provider {
 public:
  explicit Github(std::vector<SecretSource> secrets) : secrets_(std::move(secrets)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
};

}  // namespace backstay::intake
