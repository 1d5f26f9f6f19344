// The worker where things go wrong around it: a full disk, a kill, a stop, an exception, a world
// that is silent. An action is never doubled, never lost, never done off the record.

#include <fstream>
#include <thread>

#include "tests/no_more_threads.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedAlerts;
using Strings = std::vector<std::string>;

struct WorkerFaultsTest : test::WorkerFixture {
  void run_pragma(const std::string& pragma) {
    const auto done = database->read([&](journal::Transaction& tx) { tx.prepare(pragma).run(); });
    ASSERT_TRUE(done) << done.error().message;
  }
  // A run in flight whose last step began and never ended, as a kill -9 leaves it.
  void leave_in_flight(const std::string& step) {
    append(alert("a"));
    worker->work_once({});  // decided, not begun
    change([&](journal::Transaction& tx) {
      start_step(tx, run_in_flight(tx)->id, step, clock.now());
    });
    restart();
  }
  const WallTime begin = clock.now();
};

TEST_F(WorkerFaultsTest, OnAFullDiskNothingIsDoneAndWhenItCanBeItGoesOn) {
  Strings many;
  for (int i = 0; i < 2000; ++i) many.push_back("release-" + std::to_string(i));
  driver.set_kept(many);  // facts that need room
  append(asks(EventKind::deploy_requested, "2"));
  run_pragma("PRAGMA max_page_count=1");  // no more than there are
  int tries = 0;
  clock.on_sleep = [&]() {
    EXPECT_TRUE(driver.calls().empty());
    EXPECT_EQ(backup->performed, 0);
    if (++tries == 5) run_pragma("PRAGMA max_page_count=1000000");
  };
  work();
  EXPECT_EQ(tries, 5);
  EXPECT_EQ(last_run("deploy").outcome, "done");
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"})) << "each once";
}

TEST_F(WorkerFaultsTest, AStepWhoseBeginIsNotOnDiskIsNotBegun) {
  append(asks(EventKind::backup_requested, "", "cli"));
  worker->work_once({});  // decided
  std::stop_source stop;
  int commits = 0;  // each is told before and after; the first settles what was cut off
  database->on_commit([&]() {
    if (++commits > 2) throw std::runtime_error("disk I/O error");
  });
  clock.on_sleep = [&]() { stop.request_stop(); };
  worker->work_once(stop.get_token());
  EXPECT_GT(commits, 2);
  EXPECT_EQ(backup->performed, 0);
  database->on_commit(nullptr);
  clock.on_sleep = nullptr;
  restart();
  work();
  EXPECT_EQ(backup->performed, 1);
  EXPECT_EQ(last_run("backup").outcome, "done");
}

TEST_F(WorkerFaultsTest, AStepThatWaitedForTheDiskDoesNotBeginDisarmed) {
  Event request = asks(EventKind::deploy_requested, "2", "cli");
  request.labels["backup"] = "no";
  append(request);
  worker->work_once({});  // decided
  int commits = 0;        // the first settles what was cut off
  database->on_commit([&]() {
    if (++commits > 2) throw std::runtime_error("database or disk is full");
  });
  clock.on_sleep = [&]() {
    std::ofstream(folder.path("disarmed")) << "";
    database->on_commit(nullptr);
  };
  work();
  EXPECT_GT(commits, 2);
  EXPECT_TRUE(driver.calls().empty());
  EXPECT_EQ(steps(last_run("deploy")), Strings{"stage unknown not_done"});
  EXPECT_EQ(last_run("deploy").outcome, "stopped");
}

TEST_F(WorkerFaultsTest, AnEndThatIsNotOnDiskIsFoundOutAfterTheRestart) {
  append(asks(EventKind::backup_requested, "", "cli"));
  worker->work_once({});
  std::stop_source stop;
  backup->on_perform = [&](const StepContext&) {
    database->on_commit([]() { throw std::runtime_error("disk I/O error"); });
    return StepResult{Outcome::done, ""};
  };
  clock.on_sleep = [&]() { stop.request_stop(); };
  worker->work_once(stop.get_token());
  database->on_commit(nullptr);
  clock.on_sleep = nullptr;
  backup->on_check = [](const StepContext&) { return CheckResult{Finding::done, "it is there"}; };
  restart();
  work();
  EXPECT_EQ(backup->performed, 1) << "asked, not done again";
  EXPECT_EQ(steps(last_run("backup")), Strings{"backup unknown done"});
  EXPECT_EQ(last_run("backup").outcome, "done");
}

TEST_F(WorkerFaultsTest, AKilledSwitchThatHappenedIsNotDoneAgain) {
  go_live_with_two();
  leave_in_flight("switch");
  driver.set_live("1");
  work();
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"}));
  EXPECT_EQ(steps(last_run("rollback"), "backup"),
            (Strings{"switch unknown done", "verify done", "confirm done"}));
  EXPECT_EQ(ledger().live()->kind, "rollback");
  EXPECT_TRUE(ledger().find("2")->poisoned_at);
}

TEST_F(WorkerFaultsTest, AKilledSwitchThatDidNotHappenIsDoneOnce) {
  go_live_with_two();
  leave_in_flight("switch");
  work();
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2", "switch 1"}));
  EXPECT_EQ(steps(last_run("rollback"), "backup"),
            (Strings{"switch unknown not_done", "switch done", "verify done", "confirm done"}));
}

TEST_F(WorkerFaultsTest, ASwitchOfWhichNobodyKnowsEndsTheRunAndCallsAPerson) {
  go_live_with_two();
  leave_in_flight("switch");
  driver.set_problem("no answer");
  work();
  const journal::Run run = last_run("rollback");
  EXPECT_EQ(run.outcome, "unknown");
  EXPECT_EQ(steps(run, "backup"), Strings{"switch unknown unknown"});
  EXPECT_EQ(driver.calls().size(), 2u) << "never blindly again";
  EXPECT_TRUE(was_told("critical: shop: rollback from release 2 to 1 unknown, a person is needed"));
}

TEST_F(WorkerFaultsTest, ASwitchThatTurnsOutLaterToHaveHappenedIsTheRollbackThatItWas) {
  go_live_with_two();
  const auto alert_id = append(alert("a"));
  driver.before = [this](const std::string&, const Attempt&) {
    driver.set_live("1");
    driver.set_problem("no answer");
    return StepResult{Outcome::unknown, "no end within its deadline"};
  };
  work();
  ASSERT_EQ(last_run("rollback").outcome, "unknown");
  driver.before = nullptr;
  driver.set_problem("");
  append(asks(EventKind::deploy_succeeded, "1", "github"));  // its echo comes first
  clock.advance(minutes(1));
  const auto again = append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(decision(again.value_or(0)).reason, "poisoned");
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_EQ(ledger().live()->kind, "rollback");
  EXPECT_EQ(ledger().find("2")->poison_reason, decision(alert_id.value_or(0)).explanation);
  EXPECT_EQ(steps(last_run("rollback"), "backup"), Strings{"switch unknown done"});
}

TEST_F(WorkerFaultsTest, ASwitchThatTurnsOutLaterNotToHaveHappenedChangesNothing) {
  go_live_with_two();
  leave_in_flight("switch");
  driver.set_problem("no answer");
  work();
  driver.set_problem("");
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  EXPECT_EQ(steps(last_run("rollback"), "backup"), Strings{"switch unknown not_done"});
  driver.set_live("1");  // by a person, much later
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  EXPECT_EQ(ledger().live()->kind, "observed");
  EXPECT_FALSE(ledger().find("2")->poisoned_at);
}

TEST_F(WorkerFaultsTest, AReceiverThatIsRestartedWhileItVerifiesTakesNoReleaseForBad) {
  policy.rules.push_back(rule("failed", EventKind::deploy_failed, ActionKind::rollback));
  restart();
  append(asks(EventKind::deploy_requested, "2"));
  int restarts = 0;
  const auto until_stopped = [&]() {
    std::stop_source stop;
    verify->on_perform = [&](const StepContext&) {
      stop.request_stop();
      ++restarts;
      return StepResult{Outcome::unknown, "stopped while asking"};
    };
    work(stop.get_token());
    restart();
  };
  for (int i = 0; i < 10; ++i) until_stopped();
  EXPECT_EQ(restarts, 10);
  verify->on_perform = [](const StepContext&) { return StepResult{Outcome::done, "healthy"}; };
  work();
  EXPECT_EQ(last_run("deploy").outcome, "done");
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"}));
}

TEST_F(WorkerFaultsTest, AReleaseOfWhichNothingCouldBeSeenIsNoFailedOne) {
  policy.rules.push_back(rule("failed", EventKind::deploy_failed, ActionKind::rollback));
  restart();
  verify->on_perform = [](const StepContext&) -> StepResult { throw std::runtime_error("oh"); };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(last_run("deploy").outcome, "unknown");
  EXPECT_TRUE(was_told("error: shop: deploy of release 2 unknown"));
  EXPECT_TRUE(runs("rollback").empty());
}

TEST_F(WorkerFaultsTest, ASwitchThatIsCutOffEachTimeIsTriedThreeTimes) {
  go_live_with_two();
  driver.before = [](const std::string&, const Attempt&) {
    return StepResult{Outcome::unknown, "no end within its deadline"};
  };
  append(alert("a"));
  work();
  EXPECT_EQ(driver.calls().size(), 2u + 3u);
  EXPECT_EQ(last_run("rollback").outcome, "unknown");
}

TEST_F(WorkerFaultsTest, StoppedInTheMiddleTheNextOneGoesOn) {
  go_live_with_two();
  std::stop_source stop;
  verify->on_perform = [&](const StepContext&) {
    stop.request_stop();
    return StepResult{Outcome::unknown, "stopped while asking"};
  };
  append(alert("a"));
  work(stop.get_token());
  EXPECT_FALSE(last_run("rollback").ended_at) << "still in flight";
  verify->on_perform = [](const StepContext&) { return StepResult{Outcome::done, ""}; };
  restart();
  work();
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2", "switch 1"})) << "switched once";
}

TEST_F(WorkerFaultsTest, ABackupThatNeverGetsThroughIsToldAtTheEnd) {
  go_live_with_two();
  leave_in_flight("backup");
  for (int i = 1; i < 3; ++i) {
    change([&](journal::Transaction& tx) {
      start_step(tx, run_in_flight(tx)->id, "backup", clock.now());
    });
  }
  work();
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(last_run("rollback").detail, "no backup was taken beside it");
}

TEST_F(WorkerFaultsTest, AnActionThatThrowsEndsTheRunNotTheThread) {
  verify->on_perform = [](const StepContext&) -> StepResult { throw std::runtime_error("bad"); };
  verify->on_check = [](const StepContext&) -> CheckResult { throw std::runtime_error("worse"); };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(last_run("deploy").outcome, "unknown");
  EXPECT_EQ(steps(last_run("deploy")),
            (Strings{"backup done", "stage done", "switch done", "verify unknown unknown"}));
}

TEST_F(WorkerFaultsTest, AnActionThatThrowsBesideARollbackBlocksNothing) {
  go_live_with_two();
  backup->on_perform = [](const StepContext&) -> StepResult { throw std::bad_alloc(); };
  backup->on_check = [](const StepContext&) { return CheckResult{Finding::unknown, "a wreck"}; };
  append(alert("a"));
  work();
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_TRUE(was_told("error: shop: the backup beside a rollback failed"));
}

TEST_F(WorkerFaultsTest, WithoutAThreadForItsBackupARollbackGoesOn) {
  go_live_with_two();
  append(alert("a"));
  {
    const test::NoMoreThreads none;
    work();
  }
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(last_run("rollback").detail, "no backup was taken beside it");
  EXPECT_EQ(*driver.current(), "1");
}

TEST_F(WorkerFaultsTest, ADamagedStepThatNobodyKnowsEndsTheRun) {
  go_live_with_two();
  leave_in_flight("dance");
  work();
  EXPECT_EQ(last_run("rollback").outcome, "unknown");
  EXPECT_EQ(*driver.current(), "2");
}

TEST_F(WorkerFaultsTest, AStormWhilePrometheusIsSilentWaitsOnce) {
  go_live_with_two();
  alerts.answer(ScriptedAlerts::silent());
  std::int64_t last = 0;
  for (int i = 0; i < 50; ++i) last = append(alert(std::to_string(i))).value_or(0);
  const WallTime before = clock.now();
  work();
  EXPECT_EQ(decision(last).reason, "alert_unknown");
  EXPECT_EQ(clock.now() - before, seconds(30)) << "not fifty times that";

  clock.advance(seconds(1));
  const WallTime later = clock.now();
  append(alert("one that came after the silence"));
  work();
  EXPECT_EQ(clock.now() - later, seconds(30)) << "has patience of its own";
}

TEST_F(WorkerFaultsTest, AnAlertThatNoRuleNamesHoldsNobodyUp) {
  policy.rules[1].labels = {{"action", "rollback"}};
  restart();
  alerts.answer(ScriptedAlerts::silent());
  driver.set_problem("no answer");
  const auto id = append(alert("another team's"));
  work();
  EXPECT_EQ(decision(id.value_or(0)).reason, "no_rule");
  EXPECT_EQ(clock.now(), begin);
}

TEST_F(WorkerFaultsTest, AMomentOfSilenceRefusesNothing) {
  go_live_with_two();
  int questions = 0;
  alerts.on_ask = [&](const auto&, const auto&) {
    return ++questions < 5 ? ScriptedAlerts::silent() : ScriptedAlerts::firing();
  };
  append(alert("a"));
  work();
  EXPECT_EQ(last_run("rollback").outcome, "done");
}

}  // namespace
}  // namespace backstay
