#include "receiver/actions/action.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace backstay {
namespace {

struct ThrowingAction final : Action {
  StepResult perform(const StepContext& context) override {
    if (context.token == 1) throw std::runtime_error("what happened");
    return {Outcome::failed, "a reason"};
  }
  CheckResult check(const StepContext& context) override {
    if (context.token == 1) throw std::runtime_error("what happened");
    return {Finding::done, "a finding"};
  }
};

struct ActionTest : ::testing::Test {
  StepContext context(std::int64_t token) const { return {run, event, token, {}}; }
  ThrowingAction action;
  journal::Run run;
  Event event;
};

TEST_F(ActionTest, WhatItAnswersIsPassedOn) {
  EXPECT_EQ(perform_safely(action, context(2)).outcome, Outcome::failed);
  EXPECT_EQ(perform_safely(action, context(2)).detail, "a reason");
  EXPECT_EQ(check_safely(action, context(2)).finding, Finding::done);
}

TEST_F(ActionTest, AnExceptionMeansThatItMayHaveHappened) {
  EXPECT_EQ(perform_safely(action, context(1)).outcome, Outcome::unknown);
  EXPECT_EQ(check_safely(action, context(1)).finding, Finding::unknown);
}

TEST_F(ActionTest, WhatTheExceptionSaysIsForTheLogAlone) {
  ::testing::internal::CaptureStderr();
  const StepResult result = perform_safely(action, context(1));
  EXPECT_EQ(result.detail.find("what happened"), std::string::npos);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("what happened"), std::string::npos);
}

}  // namespace
}  // namespace backstay
