#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// GitHub's webhooks: `deployment` and a published `release` ask for a deploy; `deployment_status`,
// and `workflow_run` of the workflows that are named, tell how one went elsewhere; all other kinds
// are ignored. A deployment's release is deployment.payload.release where the deployment names
// one, else deployment.ref if it can be a release's name, else deployment.sha; a release's is its
// tag, a run's its commit. The same event sent
// under another X-GitHub-Delivery is the same event: its id in the signed body counts.
// https://docs.github.com/webhooks/webhook-events-and-payloads#deployment
class Github final : public Provider {
 public:
  // Workflows by their name, or their file's: "Deploy", "deploy.yml".
  explicit Github(std::vector<SecretSource> secrets, std::vector<std::string> workflows = {})
      : secrets_(std::move(secrets)), workflows_(std::move(workflows)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
  std::vector<std::string> workflows_;
};

}  // namespace backstay::intake
