#pragma once

#include "base/clock.h"
#include "base/mutex.h"

namespace backstay::test {

// Time that moves only when told, or when someone sleeps. Starts at 2026-11-23T08:00:00Z.
class ManualClock final : public Clock {
 public:
  WallTime now() const override {
    const MutexLock lock(mutex_);
    return now_;
  }
  SteadyTime steady() const override {
    const MutexLock lock(mutex_);
    return steady_;
  }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    if (stop.stop_requested()) return false;
    advance(duration);
    return true;
  }
  void advance(std::chrono::milliseconds duration) {
    const MutexLock lock(mutex_);
    now_ += duration;
    steady_ += duration;
  }
  // Somebody sets the wall clock.
  void jump(std::chrono::milliseconds by) {
    const MutexLock lock(mutex_);
    now_ += by;
  }

 private:
  mutable Mutex mutex_;
  WallTime now_ GUARDED_BY(mutex_){std::chrono::milliseconds(1'795'420'800'000)};
  SteadyTime steady_ GUARDED_BY(mutex_){std::chrono::hours(100)};
};

}  // namespace backstay::test
