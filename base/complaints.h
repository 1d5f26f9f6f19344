#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"

namespace backstay {

// Keeps a log readable while something is wrong that is met again and again: a complaint is due
// when it is another than the last, and then every kRepeatAfter. Thread-safe.
class Complaints {
 public:
  static constexpr std::chrono::minutes kRepeatAfter{10};

  // Whether to tell it now; if so, it counts as told.
  bool is_due(const std::string& complaint, SteadyTime now) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (complaint == last_ && now - told_at_ < kRepeatAfter) return false;
    last_ = complaint;
    told_at_ = now;
    return true;
  }
  // All is well: the same complaint is due at once when it comes again.
  void over() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    last_.clear();
  }

 private:
  Mutex mutex_;
  std::string last_ GUARDED_BY(mutex_);  // empty: none
  SteadyTime told_at_ GUARDED_BY(mutex_);
};

}  // namespace backstay
