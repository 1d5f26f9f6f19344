#pragma once

#include <string>

#include "base/result.h"

namespace backstay {

// The lock on a state_dir: whoever holds it is the one that may write what is in it. The kernel
// lets go of it when the process ends, however it ends.
class StateLock {
 public:
  // Makes the folder (mode 0700) where it is missing. Fails at once if someone else holds the lock.
  static Result<StateLock> acquire(const std::string& state_dir);
  ~StateLock();
  StateLock(StateLock&& other) noexcept;
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  explicit StateLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace backstay
