#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/mutex.h"

namespace backstay::intake {

// How many deliveries of one webhook are taken. The defaults hold no genuine sender up: a storm of
// retries fits into the burst, and what goes on at a hundred a second has run away.
struct RateLimitConfig {
  double per_second = 100;
  double burst = 10'000;
};

// A token bucket: `burst` at once, `per_second` for ever. On the clock that never goes back, so
// that a jump of the wall clock neither opens nor closes it. Thread-safe.
class RateLimit {
 public:
  RateLimit(const RateLimitConfig& config, Clock& clock);
  // Nothing: it may pass. Otherwise after how long the next one may.
  std::optional<std::chrono::seconds> take() EXCLUDES(mutex_);

 private:
  const RateLimitConfig config_;
  Clock& clock_;
  Mutex mutex_;
  double tokens_ GUARDED_BY(mutex_);
  SteadyTime filled_at_ GUARDED_BY(mutex_);
};

}  // namespace backstay::intake
