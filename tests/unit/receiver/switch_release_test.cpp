#include "receiver/actions/switch_release.h"

#include <gtest/gtest.h>

#include "tests/manual_clock.h"
#include "tests/scripted_driver.h"

namespace backstay {
namespace {

struct SwitchReleaseTest : ::testing::Test {
  SwitchReleaseTest() {
    run.release_from = "2";
    run.release_to = "1";
    driver.set_live("2");
  }
  // The driver says this of its own switch, and does nothing.
  void say(Outcome outcome) {
    driver.before = [outcome](const std::string&, const Attempt&) {
      return StepResult{outcome, "its word"};
    };
  }
  test::ScriptedDriver driver;
  journal::Run run;
  Event event;
  test::ManualClock clock;
  SwitchRelease action{driver, clock};
  StepContext context{run, event, 17, {}};
};

TEST_F(SwitchReleaseTest, IsDoneOnceTheDriverSaysThatItIsLive) {
  const StepResult result = action.perform(context);
  EXPECT_EQ(result.outcome, Outcome::done);
  EXPECT_EQ(result.detail, "the driver says that 1 is live");
}

TEST_F(SwitchReleaseTest, ASuccessThatChangedNothingIsAFailure) {
  say(Outcome::done);
  const StepResult result = action.perform(context);
  EXPECT_EQ(result.outcome, Outcome::failed) << "not the exit status counts";
  EXPECT_EQ(result.detail, "its word; the driver says that 2 is live");
}

TEST_F(SwitchReleaseTest, WhatIsLiveAlreadyIsNotSwitchedToAgain) {
  driver.set_live("1");
  const StepResult result = action.perform(context);
  EXPECT_EQ(result.outcome, Outcome::done);
  EXPECT_EQ(result.detail, "the driver says that 1 is live already");
  EXPECT_TRUE(driver.calls().empty());
}

TEST_F(SwitchReleaseTest, WhatStandsBeforeTheServiceMayTakeSomeSecondsToHearOfIt) {
  int asked = 0;
  driver.on_question = [&]() {
    if (++asked == 10) driver.set_live("1");
  };
  say(Outcome::done);
  EXPECT_EQ(action.perform(context).outcome, Outcome::done);
  EXPECT_EQ(asked, 10);
}

TEST_F(SwitchReleaseTest, AReleaseThatWentLiveMeanwhileIsLeftAlone) {
  driver.set_live("3");
  const StepResult result = action.perform(context);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail,
            "the driver says that 3 is live, and no longer 2: somebody else has switched");
  EXPECT_TRUE(driver.calls().empty());
  driver.set_live(std::nullopt);
  EXPECT_EQ(action.perform(context).outcome, Outcome::done) << "nothing is in its place";
}

TEST_F(SwitchReleaseTest, AFailureThatSwitchedAllTheSameIsDone) {
  driver.before = [this](const std::string&, const Attempt&) {
    driver.set_live("1");
    return StepResult{Outcome::failed, "its word"};
  };
  EXPECT_EQ(action.perform(context).outcome, Outcome::done);
}

TEST_F(SwitchReleaseTest, CutOffAndNotLiveIsStillUnknown) {
  say(Outcome::unknown);
  EXPECT_EQ(action.perform(context).outcome, Outcome::unknown) << "it may be on its way";
}

TEST_F(SwitchReleaseTest, WithoutAnAnswerNothingIsKnown) {
  driver.before = [this](const std::string&, const Attempt&) {
    driver.set_problem("no socket");
    return StepResult{Outcome::done, ""};
  };
  const StepResult result = action.perform(context);
  EXPECT_EQ(result.outcome, Outcome::unknown);
  EXPECT_EQ(result.detail, "no socket");
}

TEST_F(SwitchReleaseTest, AfterACrashTheDriverKnows) {
  EXPECT_EQ(action.check(context).finding, Finding::not_done);
  driver.set_live(std::nullopt);
  EXPECT_EQ(action.check(context).detail, "the driver says that no release is live");
  driver.set_live("1");
  EXPECT_EQ(action.check(context).finding, Finding::done);
  driver.set_problem("no answer");
  EXPECT_EQ(action.check(context).finding, Finding::unknown);
  EXPECT_TRUE(driver.calls().empty());
}

}  // namespace
}  // namespace backstay
