#include "base/unended_children.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <sys/wait.h>

namespace backstay {
namespace {

// What has ended keeps its number, and its group's, until it is reaped.
bool is_gone(pid_t pid) {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return true;
  if (info.si_pid != pid) return false;
  ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return true;
}

}  // namespace

void UnendedChildren::reap() {
  children_.erase(std::remove_if(children_.begin(), children_.end(),
                                 [](const Unended& child) { return is_gone(child.pid); }),
                  children_.end());
}

void UnendedChildren::add(pid_t pid, Marks environment) {
  const MutexLock lock(mutex_);
  children_.push_back({pid, std::move(environment)});
}

std::vector<pid_t> UnendedChildren::with(const Marks& marks) {
  const MutexLock lock(mutex_);
  reap();
  std::vector<pid_t> pids;
  for (const Unended& child : children_) {
    if (has_all(child.environment, marks)) pids.push_back(child.pid);
  }
  return pids;
}

bool UnendedChildren::are_too_many() {
  const MutexLock lock(mutex_);
  reap();
  return children_.size() >= kMax;
}

}  // namespace backstay
