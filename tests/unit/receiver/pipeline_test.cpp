#include "receiver/actions/pipeline.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

using journal::Run;
using journal::Step;

Run run_of(const std::string& action, bool with_backup) {
  Run run;
  run.action = action;
  run.with_backup = with_backup;
  return run;
}

Step step(const std::string& name, const std::string& outcome, const std::string& finding = "") {
  Step result;
  result.name = name;
  result.outcome = outcome;
  result.finding = finding;
  result.detail = name + "'s detail";
  return result;
}

std::string names(const std::vector<StepSpec>& specs) {
  std::string text;
  for (const StepSpec& spec : specs) {
    text += (text.empty() ? "" : " ") + std::string(spec.name) + (spec.alongside ? "*" : "");
  }
  return text;
}

TEST(Pipeline, EachActionHasItsSteps) {
  EXPECT_EQ(names(steps_for(run_of("deploy", true), false)), "backup stage switch verify");
  EXPECT_EQ(names(steps_for(run_of("deploy", false), false)), "stage switch verify");
  EXPECT_EQ(names(steps_for(run_of("rollback", true), true)), "backup* switch verify confirm");
  EXPECT_EQ(names(steps_for(run_of("rollback", false), false)), "switch verify");
  EXPECT_EQ(names(steps_for(run_of("backup", false), false)), "backup");
}

// A row that somebody edited, or a newer version wrote: nothing is done on its word.
TEST(Pipeline, WhatIsNotKnownEndsTheRun) {
  for (const NextStep& next :
       {next_step({{"switch"}}, {step("dance", "done")}),
        next_step(steps_for(run_of("rollback", false), true), {step("switch", "splendid")}),
        next_step(steps_for(run_of("frobnicate", true), true), {})}) {
    EXPECT_EQ(next.what, NextStep::What::finish);
    EXPECT_EQ(next.outcome, "unknown") << next.detail;
  }
}

TEST(Pipeline, ADeployWaitsForItsBackupAndEndsWithoutOne) {
  const auto specs = steps_for(run_of("deploy", true), false);
  EXPECT_EQ(next_step(specs, {}).step, "backup");
  EXPECT_EQ(next_step(specs, {step("backup", "done")}).step, "stage");
  const NextStep failed = next_step(specs, {step("backup", "failed")});
  EXPECT_EQ(failed.what, NextStep::What::finish);
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_EQ(failed.detail, "backup: backup's detail");
}

TEST(Pipeline, ARollbackDoesNotWaitForItsBackup) {
  const auto specs = steps_for(run_of("rollback", true), true);
  EXPECT_EQ(next_step(specs, {}).step, "switch");
  EXPECT_EQ(needs_alongside(specs, {}), "backup");
  EXPECT_EQ(needs_alongside(specs, {step("backup", "failed")}), "");
  EXPECT_EQ(next_step(specs, {step("backup", "failed"), step("switch", "done")}).step, "verify");
}

TEST(Pipeline, IsDoneWhenItsLastStepIs) {
  const auto specs = steps_for(run_of("rollback", false), false);
  const NextStep next = next_step(specs, {step("switch", "done"), step("verify", "done")});
  EXPECT_EQ(next.what, NextStep::What::finish);
  EXPECT_EQ(next.outcome, "done");
}

TEST(Pipeline, AnUnknownStepGoesOnByWhatWasFound) {
  const auto specs = steps_for(run_of("rollback", false), false);
  EXPECT_EQ(next_step(specs, {step("switch", "unknown", "done")}).step, "verify");
  EXPECT_EQ(next_step(specs, {step("switch", "unknown", "not_done")}).step, "switch");
  const NextStep stuck = next_step(specs, {step("switch", "unknown", "unknown")});
  EXPECT_EQ(stuck.what, NextStep::What::finish);
  EXPECT_EQ(stuck.outcome, "unknown");
}

TEST(Pipeline, AFailedStepIsNotTriedAgain) {
  const auto specs = steps_for(run_of("rollback", false), false);
  EXPECT_EQ(next_step(specs, {step("switch", "failed")}).outcome, "failed");
}

TEST(Pipeline, AttemptsAreLimited) {
  const auto specs = steps_for(run_of("rollback", false), false);
  const std::vector<Step> steps(kAttemptsMax, step("switch", "unknown", "not_done"));
  EXPECT_EQ(next_step(specs, steps).what, NextStep::What::finish);
}

}  // namespace
}  // namespace backstay
