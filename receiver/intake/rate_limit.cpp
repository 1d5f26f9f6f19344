#include "receiver/intake/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace backstay::intake {

RateLimit::RateLimit(const RateLimitConfig& config, Clock& clock)
    : config_(config), clock_(clock), tokens_(config.burst), filled_at_(clock.steady()) {}

std::optional<std::chrono::seconds> RateLimit::take() {
  const SteadyTime now = clock_.steady();
  const MutexLock lock(mutex_);
  // Another thread may have looked at the clock before us and come here after.
  const std::chrono::duration<double> since = std::max(now, filled_at_) - filled_at_;
  tokens_ = std::min(config_.burst, tokens_ + since.count() * config_.per_second);
  filled_at_ = std::max(now, filled_at_);
  if (tokens_ >= 1) {
    tokens_ -= 1;
    return std::nullopt;
  }
  return std::chrono::seconds(std::lround(std::ceil((1 - tokens_) / config_.per_second)));
}

}  // namespace backstay::intake
