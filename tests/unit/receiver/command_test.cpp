#include "receiver/drivers/command.h"

#include <gtest/gtest.h>

#include "tests/scripted_processes.h"

namespace backstay {
namespace {

using How = CommandResult::How;
using Strings = std::vector<std::string>;
using test::ScriptedProcesses;

struct CommandDriverTest : ::testing::Test {
  CommandDriverTest() {
    config.deploy = {"/opt/deploy", "--release={release}", "{release}", "x"};
    config.switch_to = {"/opt/switch", "{release}"};
    config.current = {"/opt/current"};
    config.list = {"/opt/list", "--all"};
    config.environment = {{"SOCKET", "/run/haproxy.sock"}};
    config.timeout = std::chrono::seconds(7);
  }
  CommandDriver driver() { return {config, processes}; }
  void print(const std::string& out) {
    processes.on_run = [out](const Command&) { return ScriptedProcesses::exited(0, out); };
  }
  void end(const CommandResult& result) {
    processes.on_run = [result](const Command&) { return result; };
  }

  CommandDriverConfig config;
  ScriptedProcesses processes;
};

TEST_F(CommandDriverTest, TheReleaseIsFilledInWhereverItStands) {
  EXPECT_EQ(driver().stage("v2", {}).outcome, Outcome::done);
  EXPECT_EQ(processes.commands.at(0).argv, (Strings{"/opt/deploy", "--release=v2", "v2", "x"}));
}

TEST_F(CommandDriverTest, NoShellIsInvolvedWhateverStandsThere) {
  config.switch_to = {"/opt/switch", "$(id) {release}; rm -rf {release}{release}"};
  driver().switch_to("v2", {});
  EXPECT_EQ(processes.commands.at(0).argv, (Strings{"/opt/switch", "$(id) v2; rm -rf v2v2"}))
      << "one argument";
}

TEST_F(CommandDriverTest, ProgramsAreToldWhichAttemptThisIs) {
  driver().switch_to("v2", {41, 1007, {}});
  const Command& command = processes.commands.at(0);
  EXPECT_EQ(command.environment,
            (std::vector<std::pair<std::string, std::string>>{{"SOCKET", "/run/haproxy.sock"},
                                                              {"BACKSTAY_RUN", "41"},
                                                              {"BACKSTAY_FENCING_TOKEN", "1007"}}));
  EXPECT_EQ(command.deadline, std::chrono::seconds(7));
}

// A script that keeps the largest token it has seen would take a 0 for an attempt that is long
// over.
TEST_F(CommandDriverTest, AQuestionIsNoAttemptAndIsToldOfNone) {
  const std::vector<std::pair<std::string, std::string>> own{{"SOCKET", "/run/haproxy.sock"}};
  ASSERT_TRUE(driver().current());
  ASSERT_TRUE(driver().kept());
  EXPECT_EQ(processes.commands.at(0).environment, own);
  EXPECT_EQ(processes.commands.at(1).environment, own);
}

TEST_F(CommandDriverTest, AStopReachesTheProgram) {
  std::stop_source stop;
  driver().stage("v2", {1, 1, stop.get_token()});
  EXPECT_FALSE(processes.commands.at(0).stop.stop_requested());
  stop.request_stop();
  EXPECT_TRUE(processes.commands.at(0).stop.stop_requested());
}

// A name is validated where it comes in; a journal that someone edited is no reason to pass it on.
TEST_F(CommandDriverTest, ANameThatIsNoneReachesNoProgram) {
  for (const char* name : {"--force", "../x", "", "a b", "{release}"}) {
    EXPECT_EQ(driver().stage(name, {}).outcome, Outcome::failed) << name;
    EXPECT_EQ(driver().switch_to(name, {}).outcome, Outcome::failed) << name;
  }
  EXPECT_TRUE(processes.commands.empty());
}

TEST_F(CommandDriverTest, AnotherExitStatusHasFailedAndSaysWhy) {
  end(ScriptedProcesses::exited(3, "", "checking\nno such release\n"));
  const StepResult result = driver().stage("v2", {});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "/opt/deploy: exit status 3: no such release");
}

TEST_F(CommandDriverTest, WhatWasCutOffMayHaveHappened) {
  for (const How how : {How::timed_out, How::signalled, How::stopped, How::unended}) {
    end(ScriptedProcesses::ended(how));
    EXPECT_EQ(driver().stage("v2", {}).outcome, Outcome::unknown);
    EXPECT_EQ(driver().switch_to("v2", {}).outcome, Outcome::unknown);
  }
}

TEST_F(CommandDriverTest, WhatDidNotStartHasNotHappened) {
  end(ScriptedProcesses::ended(How::not_started));
  EXPECT_EQ(driver().switch_to("v2", {}).outcome, Outcome::failed);
}

TEST_F(CommandDriverTest, CurrentIsOneNameOrNothing) {
  print("v2\n");
  EXPECT_EQ(*driver().current(), "v2");
  print("v2");
  EXPECT_EQ(*driver().current(), "v2");
  print("\r\nv2\r\n");
  EXPECT_EQ(*driver().current(), "v2");
  print("\n");
  ASSERT_TRUE(driver().current());
  EXPECT_EQ(*driver().current(), std::nullopt);
  EXPECT_EQ(processes.commands.at(0).argv, Strings{"/opt/current"});
}

TEST_F(CommandDriverTest, CurrentThatPrintsAnythingElseIsNotBelieved) {
  for (const char* out :
       {"v1\nv2\n", "--force\n", "../x\n", "release v2\n", "Error: no socket\n", "v2\n\x1b[0m\n"}) {
    print(out);
    const auto current = driver().current();
    EXPECT_FALSE(current) << out;
  }
  print("v1\nv2\n");
  EXPECT_EQ(driver().current().error().message, "/opt/current: printed more than one release");
  print("--force\n");
  EXPECT_EQ(driver().current().error().message,
            "/opt/current: printed what is not a release's name");
}

TEST_F(CommandDriverTest, CurrentThatFailsIsNoAnswerEvenIfItPrintsOne) {
  end(ScriptedProcesses::exited(1, "v2\n", "stale\n"));
  const auto current = driver().current();
  ASSERT_FALSE(current);
  EXPECT_EQ(current.error().message, "/opt/current: exit status 1: stale");
}

TEST_F(CommandDriverTest, AnAnswerThatWasCutShortIsNotBelieved) {
  CommandResult result = ScriptedProcesses::exited(0, "v1\nv2\nv");
  result.truncated = true;
  end(result);
  EXPECT_FALSE(driver().kept());
}

TEST_F(CommandDriverTest, AQuestionDoesNotTakeAsLongAsADeployMay) {
  config.timeout = std::chrono::hours(1);
  CommandDriver driver(config, processes);
  ASSERT_TRUE(driver.current());
  ASSERT_TRUE(driver.kept());
  EXPECT_EQ(driver.stage("v2", {}).outcome, Outcome::done);
  EXPECT_EQ(processes.commands.at(0).deadline, std::chrono::seconds(30));
  EXPECT_EQ(processes.commands.at(1).deadline, std::chrono::seconds(30));
  EXPECT_EQ(processes.commands.at(2).deadline, std::chrono::hours(1));
}

TEST_F(CommandDriverTest, KeptIsOneNameALine) {
  print("v1\nv2\n\nv3\n");
  EXPECT_EQ(*driver().kept(), (Strings{"v1", "v2", "v3"}));
  EXPECT_EQ(processes.commands.at(0).argv, (Strings{"/opt/list", "--all"}));
  print("");
  EXPECT_TRUE(driver().kept()->empty());
  print("v1\n--force\n");
  EXPECT_FALSE(driver().kept());
}

TEST_F(CommandDriverTest, OnARealSystemTheReleaseIsAnArgumentAndTheTokenIsThere) {
  SystemProcessRunner system;
  config.switch_to = {"/bin/sh", "-c", "[ \"$1\" = v2 ] && [ \"$BACKSTAY_FENCING_TOKEN\" = 9 ]",
                      "sh", "{release}"};
  config.current = {"printf", "%s\\n", "v2"};
  CommandDriver real(config, system);
  EXPECT_EQ(real.switch_to("v2", {1, 9, {}}).outcome, Outcome::done);
  EXPECT_EQ(real.switch_to("v3", {1, 9, {}}).outcome, Outcome::failed);
  EXPECT_EQ(*real.current(), "v2");
}

}  // namespace
}  // namespace backstay
