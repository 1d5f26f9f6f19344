#pragma once

#include <cstddef>
#include <vector>

#include <sys/types.h>

#include "base/leftovers.h"
#include "base/mutex.h"

namespace backstay {

// Children that not even SIGKILL ended in time: they run as another user, or wait for a disk that
// does not answer. They are reaped when they have ended, and nobody waits for that. Thread-safe.
class UnendedChildren {
 public:
  static constexpr std::size_t kMax = 64;  // then no more programs are begun

  // A child that leads its own group, and the variables that it was given.
  void add(pid_t pid, Marks environment);
  // Those that still run and have all of these.
  std::vector<pid_t> with(const Marks& marks);
  bool are_too_many();

 private:
  struct Unended {
    pid_t pid;
    Marks environment;
  };
  void reap() REQUIRES(mutex_);

  Mutex mutex_;
  std::vector<Unended> children_ GUARDED_BY(mutex_);
};

}  // namespace backstay
