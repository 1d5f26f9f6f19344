#include "base/unended_children.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace backstay {
namespace {

using Pids = std::vector<pid_t>;

pid_t start_child() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (;;) ::pause();
  }
  return pid;
}

void end(pid_t pid) {
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
}

TEST(UnendedChildren, AreThereUntilTheyHaveEnded) {
  UnendedChildren children;
  const pid_t first = start_child();
  const pid_t second = start_child();
  children.add(first, {{"RUN", "1"}, {"TOKEN", "7"}});
  children.add(second, {{"RUN", "1"}, {"TOKEN", "8"}});
  EXPECT_EQ(children.with({{"RUN", "1"}}), (Pids{first, second}));
  EXPECT_EQ(children.with({{"TOKEN", "7"}, {"RUN", "1"}}), Pids{first});
  EXPECT_EQ(children.with({{"RUN", "2"}}), Pids{});
  end(first);
  EXPECT_EQ(children.with({{"RUN", "1"}}), Pids{second});
  end(second);
  EXPECT_EQ(children.with({}), Pids{});
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no zombie";
}

TEST(UnendedChildren, AreBounded) {
  UnendedChildren children;
  Pids pids;
  while (!children.are_too_many()) {
    pids.push_back(start_child());
    children.add(pids.back(), {});
  }
  EXPECT_EQ(pids.size(), UnendedChildren::kMax);
  end(pids.front());
  EXPECT_FALSE(children.are_too_many());
  for (const pid_t pid : pids) end(pid);
  EXPECT_EQ(children.with({}), Pids{});
}

}  // namespace
}  // namespace backstay
