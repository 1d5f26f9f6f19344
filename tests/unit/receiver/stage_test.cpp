#include "receiver/actions/stage.h"

#include <gtest/gtest.h>

#include "tests/scripted_driver.h"

namespace backstay {
namespace {

struct StageTest : ::testing::Test {
  StageTest() {
    run.id = 4;
    run.release_to = "2";
  }
  test::ScriptedDriver driver;
  journal::Run run;
  Event event;
  Stage stage{driver};
  StepContext context{run, event, 17, {}};
};

TEST_F(StageTest, BringsTheReleaseUpUnderItsToken) {
  Attempt seen;
  driver.before = [&](const std::string&, const Attempt& attempt) {
    seen = attempt;
    return std::nullopt;
  };
  EXPECT_EQ(stage.perform(context).outcome, Outcome::done);
  EXPECT_EQ(driver.calls(), std::vector<std::string>{"stage 2"});
  EXPECT_EQ(seen.run_id, 4);
  EXPECT_EQ(seen.token, 17);
}

TEST_F(StageTest, PassesOnHowItEnded) {
  driver.before = [](const std::string&, const Attempt&) {
    return StepResult{Outcome::failed, "no such release"};
  };
  const StepResult result = stage.perform(context);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "no such release");
}

TEST_F(StageTest, AfterACrashTheDriverKnowsWhetherItIsUp) {
  driver.set_kept({"1"});
  EXPECT_EQ(stage.check(context).finding, Finding::not_done);
  driver.set_kept({"1", "2"});
  EXPECT_EQ(stage.check(context).finding, Finding::done);
  driver.set_problem("no answer");
  const CheckResult result = stage.check(context);
  EXPECT_EQ(result.finding, Finding::unknown);
  EXPECT_EQ(result.detail, "no answer");
  EXPECT_TRUE(driver.calls().empty()) << "asking changes nothing";
}

}  // namespace
}  // namespace backstay
