#pragma once

#include <chrono>
#include <string>

#include "base/http_client.h"
#include "receiver/actions/action.h"

namespace backstay {

struct VerifyConfig {
  std::string health_url;   // must answer 2xx
  std::string version_url;  // must answer JSON whose "release" is the one that was switched to
  std::chrono::milliseconds within{30'000};
  std::chrono::milliseconds interval{100};
};

// Proves from outside that the release serves: health, then identity. Asks until both are right or
// the time is up. It changes nothing, so a check after a crash just says: ask again.
class Verify final : public Action {
 public:
  Verify(VerifyConfig config, HttpClient& http, Clock& clock)
      : config_(std::move(config)), http_(http), clock_(clock) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  Result<void> is_healthy();
  Result<void> is_release(const std::string& release);

  VerifyConfig config_;
  HttpClient& http_;
  Clock& clock_;
};

}  // namespace backstay
