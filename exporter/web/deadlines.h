#pragma once

#include <condition_variable>
#include <map>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace backstay::web {

// Cuts connections whose time is over: CivetWeb waits for the next byte at most so long, but for as
// many bytes as a sender likes. The socket is shut down, not closed: whoever reads from it is told
// so at once. Thread-safe.
class Deadlines {
 public:
  Deadlines();
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  void watch(int socket, SteadyTime until) EXCLUDES(mutex_);
  // Before the socket is closed.
  void forget(int socket) EXCLUDES(mutex_);

 private:
  void run(const std::stop_token& stop) EXCLUDES(mutex_);
  SteadyTime cut_overdue() REQUIRES(mutex_);

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<int, SteadyTime> until_ GUARDED_BY(mutex_);
  bool has_changed_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace backstay::web
