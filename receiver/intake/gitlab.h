#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// GitLab's webhooks, proven by the secret token in X-Gitlab-Token, or by a signing token (GitLab
// 19) in Standard Webhooks' headers. `deployment` tells how one went elsewhere; a `release` that is
// created asks for its tag. A deployment's release is its ref if that can be a release's name, else
// the commit's short hash, which is all that GitLab sends of it.
// https://docs.gitlab.com/user/project/integrations/webhook_events/#deployment-events
class Gitlab final : public Provider {
 public:
  explicit Gitlab(std::vector<SecretSource> secrets) : secrets_(std::move(secrets)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

 private:
  std::vector<SecretSource> secrets_;
};

}  // namespace backstay::intake
