// A run that goes on long after it was decided: the receiver was down, or had no disk to write on.

#include <fstream>

#include "receiver/worker/second_look.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedAlerts;
using Strings = std::vector<std::string>;

struct WorkerLateTest : test::WorkerFixture {
  WorkerLateTest() { go_live_with_two(); }
  // A rollback is decided, and the receiver ends before anything of it is begun.
  void down_for(std::chrono::milliseconds time) {
    append(alert("a"));
    worker->work_once({});
    clock.advance(time);
    restart();
  }
  std::string detail_of_switch() {
    const journal::Run run = last_run("rollback");
    std::string detail;
    change([&](journal::Transaction& tx) {
      for (const journal::Step& step : steps_of(tx, run.id)) {
        if (step.name == "switch") detail = step.detail;
      }
    });
    return detail;
  }
  void expect_nothing_was_switched() {
    EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"}));
    EXPECT_EQ(ledger().live()->release, "2");
    EXPECT_EQ(last_run("rollback").outcome, "failed");
  }
};

TEST_F(WorkerLateTest, WhatNoLongerFiresIsNotRolledBackTheNextMorning) {
  down_for(hours(6));
  alerts.answer(ScriptedAlerts::clear());
  work();
  expect_nothing_was_switched();
  EXPECT_EQ(last_run("rollback").detail,
            "switch: not begun 6h after it was decided: ErrorRatioHigh is no longer firing in "
            "Prometheus");
  EXPECT_TRUE(was_told("critical: shop: rollback from release 2 to 1 failed, a person is needed"));
}

TEST_F(WorkerLateTest, WhatStillFiresIs) {
  down_for(hours(6));
  work();
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_EQ(detail_of_switch(),
            "the driver says that 1 is live; begun 6h after it was decided, when nothing spoke "
            "against it");
}

TEST_F(WorkerLateTest, ASilentPrometheusIsNoGroundToAct) {
  down_for(hours(6));
  int asked = 0;
  alerts.on_ask = [&](const auto&, const auto&) {
    ++asked;
    return ScriptedAlerts::silent();
  };
  work();
  expect_nothing_was_switched();
  EXPECT_GT(asked, 5) << "a moment of silence is waited for";
}

TEST_F(WorkerLateTest, NorAreMissingData) {
  down_for(hours(6));
  alerts.answer({true, true, false, std::nullopt, ""});
  work();
  expect_nothing_was_switched();
}

TEST_F(WorkerLateTest, NorIsADriverThatDoesNotSayWhatIsLive) {
  down_for(hours(6));
  alerts.answer(ScriptedAlerts::firing());
  driver.set_problem("connection refused");
  work();
  expect_nothing_was_switched();
}

TEST_F(WorkerLateTest, NorIsAServiceThatSomebodyHasTakenDown) {
  down_for(hours(6));
  alerts.answer(ScriptedAlerts::firing());
  driver.set_live(std::nullopt);
  work();
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"}));
  EXPECT_EQ(last_run("rollback").outcome, "failed");
}

TEST_F(WorkerLateTest, ItsConditionMustStillBeMet) {
  policy.rules.back().when = "rate(orders[5m]) > 0";
  restart();
  down_for(hours(6));
  alerts.on_condition = [](const auto&) { return ScriptedAlerts::not_met(); };
  work();
  expect_nothing_was_switched();
}

TEST_F(WorkerLateTest, ItsRuleMustStillStand) {
  down_for(hours(6));
  policy.rules.pop_back();
  work();
  expect_nothing_was_switched();
}

TEST_F(WorkerLateTest, ItsRuleMustStillAskForTheSame) {
  down_for(hours(6));
  policy.rules.back().action = ActionKind::backup;
  work();
  expect_nothing_was_switched();
}

TEST_F(WorkerLateTest, WhoOnlyObservesByNowSeesNothingDone) {
  down_for(hours(6));
  policy.mode = Policy::Mode::observe;
  work();
  expect_nothing_was_switched();
}

TEST_F(WorkerLateTest, WhatAPersonAskedForNeedsNeitherRuleNorMode) {
  append(asks(EventKind::rollback_requested, "", "cli"));
  worker->work_once({});
  clock.advance(hours(6));
  policy.mode = Policy::Mode::observe;
  restart();
  work();
  EXPECT_EQ(*driver.current(), "1");
}

// Whoever did that by hand has the release that went poisoned all the same.
TEST_F(WorkerLateTest, WhatHasBeenDoneMeanwhileIsDone) {
  down_for(hours(6));
  alerts.answer(ScriptedAlerts::clear());
  driver.set_live("1");
  work();
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"}));
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_TRUE(ledger().find("2")->poisoned_at);
}

TEST_F(WorkerLateTest, ARestartIsNotLate) {
  down_for(minutes(9));
  alerts.on_ask = [](const auto&, const auto&) {
    ADD_FAILURE() << "asked again";
    return ScriptedAlerts::clear();
  };
  worker->work_once({});
  EXPECT_EQ(*driver.current(), "1");
}

TEST_F(WorkerLateTest, DisarmedWhilePrometheusIsAskedItIsStopped) {
  down_for(hours(6));
  alerts.on_ask = [&](const auto&, const auto&) {
    std::ofstream(folder.path("disarmed")).put('\n');
    return ScriptedAlerts::firing();
  };
  work();
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"}));
  EXPECT_EQ(last_run("rollback").outcome, "stopped");
}

TEST_F(WorkerLateTest, StoppedWhileItLooksTheNextOneLooksAgain) {
  down_for(hours(6));
  std::stop_source stop;
  alerts.on_ask = [&](const auto&, const auto&) {
    stop.request_stop();
    return ScriptedAlerts::clear();
  };
  work(stop.get_token());
  EXPECT_TRUE(last_run("rollback").outcome.empty()) << "still in flight";
  alerts.answer(ScriptedAlerts::firing());
  restart();
  work();
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2", "switch 1"}));
}

// Its backup may have taken that long; whoever asked for it waits.
TEST_F(WorkerLateTest, ALongBackupDoesNotKeepADeployFromItsSwitch) {
  backup->on_perform = [this](const StepContext&) {
    clock.advance(hours(3));
    return StepResult{Outcome::done, ""};
  };
  append(asks(EventKind::deploy_requested, "3"));
  work();
  EXPECT_EQ(*driver.current(), "3");
}

}  // namespace
}  // namespace backstay
