#include "base/redacting_runner.h"

#include <gtest/gtest.h>

#include "tests/scripted_processes.h"

namespace backstay {
namespace {

using test::ScriptedProcesses;

struct RedactingRunnerTest : ::testing::Test {
  CommandResult result_of(const std::string& out, const std::string& err) {
    programs.on_run = [=](const Command&) { return ScriptedProcesses::exited(3, out, err); };
    return runner.run(Command{});
  }
  std::string err_of(const std::string& err) { return result_of("", err).err; }
  std::string out_of(const std::string& out) { return result_of(out, "").out; }

  ScriptedProcesses programs;
  std::vector<Secret> held;
  RedactingRunner runner{programs, [this]() { return held; }};
};

TEST_F(RedactingRunnerTest, WhatWeHoldIsBlankedWhereverItStands) {
  held = {Secret("tuna-1"), Secret("tuna-1-sandwich")};
  EXPECT_EQ(err_of("xtuna-1y, tuna-1-sandwich\ntuna-1"), "x[redacted]y, [redacted]\n[redacted]");
  EXPECT_EQ(result_of("", "cannot log in: tuna-1").describe(),
            "exit status 3: cannot log in: [redacted]");
}

TEST_F(RedactingRunnerTest, WhatLooksLikeASecretIsBlankedToo) {
  EXPECT_EQ(err_of("cannot clone https://deploy:hunter2@git.example.com/app"),
            "cannot clone https://[redacted]@git.example.com/app");
  EXPECT_EQ(err_of("no host in https://hunter2:@git.example.com"),
            "no host in https://[redacted]@git.example.com");
}

TEST_F(RedactingRunnerTest, EachLineOfASecretIsOne) {
  held = {Secret("the first line\nthe second line\n\n}")};
  EXPECT_EQ(err_of("a the second line b\nthe first line\n}"), "a [redacted] b\n[redacted]\n}");
}

TEST_F(RedactingRunnerTest, WhatIsTooShortToBeTakenForASecretStays) {
  held = {Secret("1"), Secret("of"), Secret()};
  EXPECT_EQ(err_of("1 of 3 backends is down"), "1 of 3 backends is down");
}

// Half a secret is one, and half an address has no @ to be known by.
TEST_F(RedactingRunnerTest, WhereOutputWasCutItsLastLineGoes) {
  programs.on_run = [](const Command& command) {
    CommandResult result = ScriptedProcesses::exited(1, "", "whole\ncloning https://deploy:hunt");
    result.err.resize(std::min(result.err.size(), command.output_bytes_max));
    result.truncated = true;
    return result;
  };
  Command command;
  command.output_bytes_max = 30;
  EXPECT_EQ(runner.run(command).err, "whole\n");
  command.output_bytes_max = 5;
  EXPECT_EQ(runner.run(command).err, "");
  command.output_bytes_max = 1000;  // the other stream was cut
  EXPECT_EQ(runner.run(command).err, "whole\ncloning https://deploy:hunt");
}

// Names of releases are read from it: one that has a weak password in it is not to be changed.
TEST_F(RedactingRunnerTest, OfStandardOutputOnlyALineThatIsASecretIsBlanked) {
  held = {Secret("releases")};
  EXPECT_EQ(out_of("releases-41\nreleases-42\n"), "releases-41\nreleases-42\n");
  EXPECT_EQ(out_of("releases\r\nreleases-42"), "[redacted]\nreleases-42");
}

TEST_F(RedactingRunnerTest, OfStandardOutputAReleaseWithTheNameOfAWeakPasswordStays) {
  held = {Secret("v1.42.0")};
  EXPECT_EQ(out_of("v1.42.0\n"), "v1.42.0\n");
  EXPECT_EQ(err_of("v1.42.0"), "[redacted]");
}

TEST_F(RedactingRunnerTest, ASecretThatChangesIsAskedForAnew) {
  held = {Secret("before")};
  EXPECT_EQ(err_of("before after"), "[redacted] after");
  held = {Secret("after")};
  EXPECT_EQ(err_of("before after"), "before [redacted]");
}

TEST_F(RedactingRunnerTest, HowItEndedStays) {
  programs.on_run = [](const Command&) {
    return ScriptedProcesses::ended(CommandResult::How::timed_out);
  };
  EXPECT_EQ(runner.run(Command{}).how, CommandResult::How::timed_out);
  EXPECT_EQ(runner.run(Command{}).describe(), "no end within its deadline");
}

}  // namespace
}  // namespace backstay
