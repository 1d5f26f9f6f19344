#include "exporter/web/deadlines.h"

#include <algorithm>

#include <sys/socket.h>

namespace backstay::web {
namespace {

// How long nobody looks while there is nothing to be cut.
constexpr std::chrono::hours kIdle{1};

}  // namespace

Deadlines::Deadlines() : thread_([this](const std::stop_token& stop) { run(stop); }) {}
Deadlines::~Deadlines() = default;

void Deadlines::watch(int socket, SteadyTime until) {
  const MutexLock lock(mutex_);
  until_[socket] = until;
  has_changed_ = true;
  changed_.notify_one();
}

void Deadlines::forget(int socket) {
  const MutexLock lock(mutex_);
  until_.erase(socket);
}

// When to look again.
SteadyTime Deadlines::cut_overdue() {
  const SteadyTime now = std::chrono::steady_clock::now();
  SteadyTime next = now + kIdle;
  for (auto& [socket, until] : until_) {
    if (until <= now) {
      ::shutdown(socket, SHUT_RDWR);
      until = now + kIdle;  // once is enough
    }
    next = std::min(next, until);
  }
  has_changed_ = false;
  return next;
}

void Deadlines::run(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const SteadyTime next = cut_overdue();
    changed_.wait_until(lock, stop, next, [this]() REQUIRES(mutex_) { return has_changed_; });
  }
}

}  // namespace backstay::web
