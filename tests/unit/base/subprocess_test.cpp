#include "base/subprocess.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/temporary_folder.h"
#include "tests/unit/base/life_line.h"

namespace backstay {
namespace {

using How = CommandResult::How;
using test::LifeLine;

CommandResult run(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  return SystemProcessRunner().run(command);
}

CommandResult run_shell(const std::string& script) { return run({"/bin/sh", "-c", script}); }

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(Subprocess, ArgumentsArriveVerbatim) {
  const CommandResult result = run({"printf", "[%s]", "a b", "$HOME", "`id`", "; rm -rf x", "*", "",
                                    "--force", "it's \"it\"", "line\nline", "\\"});
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(result.out,
            "[a b][$HOME][`id`][; rm -rf x][*][][--force][it's \"it\"][line\nline][\\]");
  EXPECT_EQ(result.err, "");
}

TEST(Subprocess, TheEnvironmentIsCleanButForWhatIsGiven) {
  ::setenv("BACKSTAY_TEST_LEAK", "t0ps3cret", 1);
  Command command;
  command.argv = {"env"};
  command.environment = {{"GIVEN", "a b=c"}};
  command.secret_environment.emplace_back("PGPASSWORD", Secret("s3cret"));
  const CommandResult result = SystemProcessRunner().run(command);
  ::unsetenv("BACKSTAY_TEST_LEAK");
  std::vector<std::string> lines;
  std::istringstream out(result.out);
  for (std::string line; std::getline(out, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "GIVEN=a b=c", std::string("HOME=") + std::getenv("HOME"), "LANG=C.UTF-8",
                       std::string("PATH=") + std::getenv("PATH"), "PGPASSWORD=s3cret"}));
}

TEST(Subprocess, ExitStatusAndOutputAreHandedBack) {
  const CommandResult result = run_shell("echo out; echo first >&2; echo why >&2; exit 3");
  EXPECT_EQ(result.how, How::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "first\nwhy\n");
  EXPECT_EQ(result.describe(), "exit status 3: why");
  EXPECT_EQ(run({"false"}).describe(), "exit status 1");
}

TEST(Subprocess, TheReasonIsToldAndNotTheHintBelowIt) {
  const CommandResult result = run_shell(
      "printf 'pg_dump: error: Connection refused\\n\\tIs the server running?\\n' >&2; exit 1");
  EXPECT_EQ(result.describe(), "exit status 1: pg_dump: error: Connection refused");
}

TEST(Subprocess, ASignalIsNoExitStatus) {
  const CommandResult result = run_shell("echo hit >&2; kill -KILL $$");
  EXPECT_EQ(result.how, How::signalled);
  EXPECT_EQ(result.code, SIGKILL);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.describe(), "ended by signal 9: hit");
}

TEST(Subprocess, WhatCannotStartSaysWhy) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(run({"/nonexistent/program"}).describe(),
            "not started: /nonexistent/program: No such file or directory");
  EXPECT_EQ(run({"no-such-program"}).describe(),
            "not started: no-such-program: No such file or directory");
  EXPECT_EQ(run({folder.path()}).describe(),
            "not started: " + folder.path() + ": Permission denied");
  EXPECT_EQ(run({}).describe(), "not started: no program");
  EXPECT_EQ(run({"/nonexistent/program"}).how, How::not_started);
}

// Messages end up in JSON, which takes no other encoding.
TEST(Subprocess, ItsDescriptionIsUtf8) {
  EXPECT_EQ(run_shell("printf 'gr\\374n\\n' >&2; exit 1").describe(), "exit status 1: gr\uFFFDn");
}

TEST(Subprocess, OutputIsBoundedAndTheRestDropped) {
  Command command;
  command.argv = {
      "/bin/sh", "-c",
      "head -c 300000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2"};
  command.output_bytes_max = 1000;
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.truncated);
  EXPECT_EQ(result.out, std::string(1000, 'x'));
  EXPECT_EQ(result.err, std::string(1000, 'y'));

  command.output_bytes_max = 300'000;
  const CommandResult whole = SystemProcessRunner().run(command);
  EXPECT_FALSE(whole.truncated);
  EXPECT_EQ(whole.out.size(), 300'000U);
  EXPECT_EQ(whole.err.size(), 300'000U);
}

TEST(Subprocess, StandardInputIsPassedAndEnds) {
  Command command;
  command.argv = {"cat"};
  EXPECT_EQ(SystemProcessRunner().run(command).out, "");
  for (int i = 0; i < 50'000; ++i) command.standard_input += std::to_string(i) + "\n";
  command.output_bytes_max = command.standard_input.size();
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.out == command.standard_input);
}

// A write to it raises SIGPIPE, which by default ends the whole program.
TEST(Subprocess, AProgramThatDoesNotReadItsInputHarmsNobody) {
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_IGN);
  Command command;
  command.argv = {"/bin/sh", "-c", "exec <&-; echo closed; sleep 0.1"};
  command.standard_input = std::string(1'000'000, 'x');
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(result.out, "closed\n");
}

TEST(Subprocess, TheDeadlineEndsAProgram) {
  Command command;
  command.argv = {"/bin/sh", "-c", "echo begun; echo waiting >&2; exec sleep 600"};
  command.deadline = std::chrono::seconds(2);  // in which it has begun, however busy the machine is
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_EQ(result.how, How::timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.out, "begun\n");
  EXPECT_EQ(result.describe(), "no end within its deadline: waiting");
}

TEST(Subprocess, TheDeadlineEndsTheWholeGroupThoughItIgnoresSigterm) {
  const LifeLine line;
  Command command;
  command.argv = {"/bin/sh", "-c",
                  "trap '' TERM; (exec 9>" + line.path() + "; while :; do sleep 1; done) & wait"};
  command.deadline = std::chrono::seconds(2);  // in which it has begun, however busy the machine is
  EXPECT_EQ(SystemProcessRunner().run(command).how, How::timed_out);
  EXPECT_TRUE(line.is_dropped());
}

TEST(Subprocess, WhatAProgramLeavesInItsGroupEndsWithIt) {
  const LifeLine line;
  // The second FIFO makes the first shell wait until the line is held.
  const CommandResult result =
      run_shell("cd $(dirname " + line.path() +
                "); mkfifo held; "
                "(trap '' TERM; exec 9>line; echo >held; sleep 600) & read x <held; exit 4");
  EXPECT_EQ(result.how, How::exited);
  EXPECT_EQ(result.code, 4);
  EXPECT_TRUE(line.is_dropped());
}

// A service that a command starts in a session of its own lives on; it must not hold us.
TEST(Subprocess, AServiceThatGoesOnWritingDoesNotHoldItsStarter) {
  const test::TemporaryFolder folder;
  const CommandResult result =
      run_shell("cd " + folder.path() +
                "; mkfifo up; setsid sh -c 'yes & yes & yes & echo >up; exec yes' & "
                "read x <up; exit 5");
  EXPECT_EQ(result.code, 5) << result.describe();
}

TEST(Subprocess, AStopEndsAProgram) {
  const LifeLine line;
  std::stop_source stop;
  Command command;
  command.argv = {"/bin/sh", "-c", "exec 9>" + line.path() + "; echo ready >&9; sleep 600 & wait"};
  command.stop = stop.get_token();
  const std::jthread other([&]() {
    line.wait_for_holder();
    stop.request_stop();
  });
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_EQ(result.how, How::stopped);
  EXPECT_EQ(result.describe(), "stopped");
  EXPECT_TRUE(line.is_dropped());
}

// The leader's own handler does nothing here: that the other one ends is due to its own signal.
TEST(Subprocess, TheWholeGroupIsAskedToEndBeforeItIsKilled) {
  const LifeLine line;
  std::stop_source stop;
  Command command;
  command.argv = {"/bin/sh", "-c",
                  "trap : TERM; sh -c 'trap \"echo bye; exit 0\" TERM; exec 9>" + line.path() +
                      "; echo ready >&9; sleep 600 & wait' & wait; wait; exit 0"};
  command.stop = stop.get_token();
  const std::jthread other([&]() {
    line.wait_for_holder();
    stop.request_stop();
  });
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_EQ(result.how, How::stopped);
  EXPECT_EQ(result.out, "bye\n");
}

TEST(Subprocess, SignalsHaveTheirDefaultInTheChild) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const CommandResult pipe = run_shell("kill -PIPE $$; echo survived");
  const CommandResult term = run_shell("kill -TERM $$; echo survived");
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(pipe.describe(), "ended by signal 13");
  EXPECT_EQ(term.describe(), "ended by signal 15");
}

TEST(Subprocess, NoDescriptorIsInherited) {
  const int forgotten = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as libraries do
  const CommandResult result = run({"ls", "/proc/self/fd"});
  ::close(forgotten);
  EXPECT_EQ(result.out, "0\n1\n2\n3\n");  // 3 is what ls itself opens
}

// The numbers 0 to 2 are then free, and are the first that a pipe gets.
TEST(Subprocess, WorksInADaemonWithoutStandardDescriptors) {
  std::array<int, 3> kept{};
  for (int fd = 0; fd < 3; ++fd) kept[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  Command command;
  command.argv = {"/bin/sh", "-c", "cat; echo said >&2"};
  command.standard_input = "given";
  const CommandResult result = SystemProcessRunner().run(command);
  const CommandResult absent = run({"/nonexistent/program"});
  for (int fd = 0; fd < 3; ++fd) {
    ::dup2(kept[fd], fd);
    ::close(kept[fd]);
  }
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(result.out, "given");
  EXPECT_EQ(result.err, "said\n");
  EXPECT_EQ(absent.how, How::not_started);
}

// A supervisor may hand that down, and the kernel then forgets exit statuses.
TEST(Subprocess, AnIgnoredSigchldCostsNoExitStatus) {
  std::signal(SIGCHLD, SIG_IGN);
  const CommandResult result = run_shell("exit 3");
  std::signal(SIGCHLD, SIG_DFL);
  EXPECT_EQ(result.describe(), "exit status 3");
}

TEST(Subprocess, LeavesNoDescriptorAndNoZombie) {
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(run({"true"}).ok());
    EXPECT_EQ(run({"/nonexistent"}).how, How::not_started);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Subprocess, ManyAtOnceDoNotDisturbEachOther) {
  const auto work = [](int thread) {
    for (int i = 0; i < 20; ++i) {
      const std::string word = std::to_string(thread) + "-" + std::to_string(i);
      Command command;
      command.argv = {"cat"};
      command.standard_input = word;
      EXPECT_EQ(SystemProcessRunner().run(command).out, word);
    }
  };
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 6; ++thread) threads.emplace_back(work, thread);
}

// As if it ran as another user, or waited for a disk that does not answer.
SystemProcessRunner without_power() {
  EndingLimits limits;
  limits.term_grace = limits.kill_grace = std::chrono::milliseconds(0);
  limits.kill = [](pid_t, int) { return -1; };
  return SystemProcessRunner(limits);
}

Command endless() {
  Command command;
  command.argv = {"sleep", "600"};
  command.environment = {{"RUN", "3"}, {"TOKEN", "7"}};
  command.deadline = std::chrono::milliseconds(0);
  return command;
}

void end_and_leave_unreaped(pid_t pid) {
  EXPECT_EQ(::kill(pid, SIGKILL), 0) << "it was still there";
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
}

TEST(Subprocess, WhatCannotBeEndedIsGivenUpAndReapedWhenItHasEnded) {
  SystemProcessRunner runner = without_power();
  const CommandResult result = runner.run(endless());
  ASSERT_EQ(result.how, How::unended);
  EXPECT_FALSE(result.ok());
  const pid_t pid = result.code;
  EXPECT_EQ(result.describe(),
            "not ended by SIGKILL, it goes on as process " + std::to_string(pid));
  end_and_leave_unreaped(pid);
  Command another;
  another.argv = {"true"};
  EXPECT_TRUE(runner.run(another).ok());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no zombie";
}

// Its environment is not to be read where it runs as another user: it is known as our child.
TEST(Subprocess, WhatCannotBeEndedDoesNotOutlastAStopAndCountsAsLeftUntilItHasEnded) {
  const LifeLine line;
  SystemProcessRunner runner = without_power();
  std::stop_source stop;
  Command command = endless();
  command.argv = {"env", "-i", "sh", "-c", "exec 9>" + line.path() + "; echo >&9; exec sleep 600"};
  command.deadline = std::chrono::hours(1);
  command.stop = stop.get_token();
  const std::jthread other([&]() {
    line.wait_for_holder();
    stop.request_stop();
  });
  const CommandResult result = runner.run(command);
  ASSERT_EQ(result.how, How::unended);
  const Marks marks{{"RUN", "3"}, {"TOKEN", "7"}};
  const auto of_another = runner.end_leftovers({{"RUN", "3"}, {"TOKEN", "8"}}, {});
  ASSERT_TRUE(of_another);
  EXPECT_TRUE(of_another->alive.empty());
  const auto left = runner.end_leftovers(marks, {});
  ASSERT_TRUE(left);
  EXPECT_EQ(left->alive, std::vector<pid_t>{result.code});
  end_and_leave_unreaped(result.code);
  const auto later = runner.end_leftovers(marks, {});
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->alive.empty());
}

TEST(Subprocess, DiesWithTheDaemonThatStartedIt) {
  const LifeLine line;
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    run_shell("exec 9>" + line.path() + "; echo ready >&9; exec sleep 600");
    ::_exit(0);
  }
  line.wait_for_holder();
  ::kill(daemon, SIGKILL);
  ::waitpid(daemon, nullptr, 0);
  EXPECT_TRUE(line.is_dropped());
}

}  // namespace
}  // namespace backstay
