#include "receiver/actions/after_leftovers.h"

#include <gtest/gtest.h>

#include "tests/scripted_processes.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

struct AfterLeftoversTest : ::testing::Test {
  AfterLeftoversTest() {
    auto made = std::make_unique<test::ScriptedAction>();
    inner = made.get();
    inner->on_check = [this](const StepContext&) {
      EXPECT_EQ(processes.marks_to_end.size(), 1u) << "looked at before they were ended";
      return CheckResult{Finding::not_done, "release 1 is live"};
    };
    action = std::make_unique<AfterLeftovers>(std::move(made), processes);
    run.id = 4;
  }
  CheckResult check() { return action->check({run, event, 17, {}}); }

  test::ScriptedProcesses processes;
  test::ScriptedAction* inner = nullptr;
  std::unique_ptr<Action> action;
  journal::Run run;
  Event event;
};

TEST_F(AfterLeftoversTest, WhatIsLeftOfExactlyThatAttemptIsEndedBeforeTheCheck) {
  const CheckResult result = check();
  EXPECT_EQ(processes.marks_to_end.at(0),
            (Marks{{"BACKSTAY_RUN", "4"}, {"BACKSTAY_FENCING_TOKEN", "17"}}));
  EXPECT_EQ(result.finding, Finding::not_done);
  EXPECT_EQ(result.detail, "release 1 is live");
}

TEST_F(AfterLeftoversTest, WhatWasEndedIsTold) {
  processes.on_end_leftovers = [](const Marks&) { return Leftovers{{12, 13}, {}}; };
  EXPECT_EQ(check().detail, "release 1 is live; it had left processes 12, 13, ended now");
}

TEST_F(AfterLeftoversTest, WhileSomethingIsLeftNobodyKnows) {
  processes.on_end_leftovers = [](const Marks&) { return Leftovers{{13}, {12}}; };
  const CheckResult result = check();
  EXPECT_EQ(result.finding, Finding::unknown);
  EXPECT_EQ(result.detail, "what the attempt left: cannot end process 12");
  EXPECT_EQ(inner->checked, 0);
}

TEST_F(AfterLeftoversTest, NothingIsBegunBesideWhatAnEarlierAttemptLeftUntilItHasEnded) {
  processes.on_end_leftovers = [](const Marks&) { return Leftovers{{13}, {12}}; };
  check();
  run.id = 5;
  const StepResult refused = action->perform({run, event, 18, {}});
  EXPECT_EQ(refused.outcome, Outcome::failed);
  EXPECT_EQ(refused.detail,
            "not begun beside what an earlier attempt left: cannot end process 12; end it by hand");
  EXPECT_EQ(inner->performed, 0);
  EXPECT_EQ(processes.marks_to_end.back(),
            (Marks{{"BACKSTAY_RUN", "4"}, {"BACKSTAY_FENCING_TOKEN", "17"}}));

  processes.on_end_leftovers = [](const Marks&) { return Leftovers(); };
  EXPECT_EQ(action->perform({run, event, 19, {}}).outcome, Outcome::done);
  processes.marks_to_end.clear();
  EXPECT_EQ(action->perform({run, event, 20, {}}).outcome, Outcome::done);
  EXPECT_TRUE(processes.marks_to_end.empty()) << "it is known to have ended";
}

TEST_F(AfterLeftoversTest, WhatEndedBeforeTheNextLookKeepsNobodyBack) {
  processes.on_end_leftovers = [](const Marks&) { return Leftovers{{13}, {12}}; };
  check();
  processes.marks_to_end.clear();
  processes.on_end_leftovers = [](const Marks&) { return Leftovers(); };
  EXPECT_EQ(check().finding, Finding::not_done);
  EXPECT_EQ(action->perform({run, event, 18, {}}).outcome, Outcome::done);
  EXPECT_EQ(processes.marks_to_end.size(), 1u);
}

// On a machine whose processes cannot be looked at nothing is known to be left.
TEST_F(AfterLeftoversTest, WhereNobodyCanLookTheNextAttemptIsBegun) {
  processes.on_end_leftovers = [](const Marks&) { return fail("cannot look at /proc"); };
  const CheckResult result = check();
  EXPECT_EQ(result.finding, Finding::unknown);
  EXPECT_EQ(result.detail, "what the attempt left: cannot look at /proc");
  EXPECT_EQ(action->perform({run, event, 18, {}}).outcome, Outcome::done);
}

TEST_F(AfterLeftoversTest, AStopIsNoFailure) {
  processes.on_end_leftovers = [](const Marks&) { return Leftovers{{}, {12}}; };
  check();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(action->perform({run, event, 18, stop.get_token()}).outcome, Outcome::unknown);
  EXPECT_EQ(inner->performed, 0);
}

TEST_F(AfterLeftoversTest, TheActionItselfIsDoneAsItIs) {
  EXPECT_EQ(action->perform({run, event, 18, {}}).outcome, Outcome::done);
  EXPECT_EQ(inner->performed, 1);
  EXPECT_TRUE(processes.marks_to_end.empty());
}

}  // namespace
}  // namespace backstay
