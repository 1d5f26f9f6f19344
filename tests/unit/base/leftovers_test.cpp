#include "base/leftovers.h"

#include <algorithm>
#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/subprocess.h"
#include "tests/unit/base/life_line.h"

namespace backstay {
namespace {

using test::LifeLine;

constexpr std::chrono::minutes kLong{1};  // reached only by a failing test

// Marks that nobody else on the machine has.
Marks marks_of(int token) {
  return {{"LEFTOVERS_TEST", std::to_string(::getpid())}, {"TOKEN", std::to_string(token)}};
}

bool nothing_lives(const Result<Leftovers>& left) { return left && left->alive.empty(); }

// What a daemon that was killed in the middle of a command leaves: `script` holds the line.
std::string leave(const LifeLine& line, const std::string& script, const Marks& marks) {
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    Command command;
    command.argv = {"/bin/sh", "-c", "cd $(dirname " + line.path() + "); " + script + "\nwait"};
    command.environment = marks;
    command.environment.emplace_back("LAST", "1");
    SystemProcessRunner().run(command);
    ::_exit(0);
  }
  std::string said = line.wait_for_holder();
  ::kill(daemon, SIGKILL);
  ::waitpid(daemon, nullptr, 0);
  return said;
}

constexpr const char* kChild = "(exec 9>line; echo ready >&9; sleep 600) &";

TEST(Leftovers, WhatAKilledDaemonLeftIsEnded) {
  const LifeLine line;
  leave(line, kChild, marks_of(1));
  EXPECT_TRUE(line.is_held()) << "its command died with it, what the command started did not";
  const auto ended = end_leftovers(marks_of(1), kLong, {});
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_FALSE(ended->ended.empty());
  EXPECT_TRUE(ended->alive.empty());
  EXPECT_TRUE(line.is_dropped());
  EXPECT_TRUE(end_leftovers(marks_of(1), kLong, {})->ended.empty());
}

TEST(Leftovers, WhatGoesOnForkingIsEndedToo) {
  const LifeLine line;
  leave(line, "(exec 9>line; echo ready >&9; while :; do sh -c 'sleep 0.01 & sleep 0.01'; done) &",
        marks_of(1));
  EXPECT_TRUE(nothing_lives(end_leftovers(marks_of(1), kLong, {})));
  EXPECT_TRUE(line.is_dropped());
}

TEST(Leftovers, WhatIsOfAnotherAttemptIsNot) {
  const LifeLine line;
  leave(line, kChild, marks_of(12));
  for (const int token : {1, 2, 121}) {
    EXPECT_TRUE(end_leftovers(marks_of(token), kLong, {})->ended.empty()) << token;
  }
  EXPECT_TRUE(end_leftovers({}, kLong, {})->ended.empty()) << "nobody is meant";
  EXPECT_TRUE(line.is_held());
  EXPECT_TRUE(nothing_lives(end_leftovers(marks_of(12), kLong, {})));
  EXPECT_TRUE(line.is_dropped());
}

// A release that a deploy command has started is to stay, with all that it starts.
TEST(Leftovers, AServiceWithASessionOfItsOwnLivesOn) {
  const LifeLine line;
  const std::string said = leave(
      line, "setsid sh -c 'set -m; exec 9>line; sleep 600 & echo $$ >&9; wait' &", marks_of(1));
  const pid_t service = std::stoi(said);
  const auto ended = end_leftovers(marks_of(1), kLong, {});
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(std::count(ended->ended.begin(), ended->ended.end(), service), 0);
  EXPECT_TRUE(line.is_held());
  std::ifstream children("/proc/" + std::to_string(service) + "/task/" + std::to_string(service) +
                         "/children");
  pid_t child = 0;
  ASSERT_TRUE(children >> child) << "it lives, and what it started";
  ::kill(child, SIGKILL);
  ::kill(service, SIGKILL);
  EXPECT_TRUE(line.is_dropped());
}

TEST(Leftovers, WhatDoesNotEndInTimeIsNamed) {
  const LifeLine line;
  const std::string said =
      leave(line, "(exec 9>line; sh -c 'echo $PPID' >&9; while :; do :; done) &", marks_of(1));
  const auto ended = end_leftovers(marks_of(1), std::chrono::milliseconds(0), {});
  ASSERT_TRUE(ended) << ended.error().message;
  const pid_t shell = std::stoi(said);
  EXPECT_EQ(std::count(ended->alive.begin(), ended->alive.end(), shell), 1);
  EXPECT_EQ(std::count(ended->ended.begin(), ended->ended.end(), shell), 0);
}

TEST(Leftovers, AStopIsNotHeldUp) {
  const LifeLine line;
  leave(line, kChild, marks_of(1));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(nothing_lives(end_leftovers(marks_of(1), kLong, stop.get_token())));
  EXPECT_TRUE(line.is_dropped()) << "it was sent the signal all the same";
}

TEST(Leftovers, ProcessesHaveNames) {
  EXPECT_EQ(name_processes({12}), "process 12");
  EXPECT_EQ(name_processes({12, 13}), "processes 12, 13");
}

}  // namespace
}  // namespace backstay
