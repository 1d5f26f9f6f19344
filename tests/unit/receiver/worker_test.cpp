#include "receiver/worker/worker.h"

#include <fstream>
#include <latch>
#include <set>
#include <thread>

#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedAlerts;
using Strings = std::vector<std::string>;

struct WorkerTest : test::WorkerFixture {};

StepResult failed(const std::string& detail) { return {Outcome::failed, detail}; }

TEST_F(WorkerTest, AnAlertPutsTheLastGoodReleaseBackWithEachStepOnDisk) {
  go_live_with_two();
  const auto id = append(alert("a"));
  work();
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2", "switch 1"}));
  const journal::Run run = last_run("rollback");
  EXPECT_EQ(run.event_id, id);
  EXPECT_EQ(run.release_from, "2");
  EXPECT_EQ(run.release_to, "1");
  EXPECT_EQ(run.outcome, "done");
  EXPECT_EQ(run.detail, "");
  EXPECT_EQ(steps(run, "backup"), (Strings{"switch done", "verify done", "confirm done"}));
  EXPECT_EQ(backup->performed, 2) << "one before the deploy, one beside the rollback";
  EXPECT_EQ(decision(id.value_or(0)).reason, "release_to_blame");

  const Ledger now = ledger();
  ASSERT_NE(now.live(), nullptr);
  EXPECT_EQ(now.live()->release, "1");
  EXPECT_EQ(now.live()->kind, "rollback");
  EXPECT_EQ(now.live()->run_id, run.id);
  EXPECT_TRUE(now.find("2")->poisoned_at);
  EXPECT_TRUE(was_told("warning: shop: rollback begins"));
  EXPECT_TRUE(was_told("info: shop: release 1 is back and verified"));
  EXPECT_TRUE(was_told("info: shop: rollback from release 2 to 1 done"));
}

TEST_F(WorkerTest, TheFencingTokenOnlyGrows) {
  std::vector<std::int64_t> tokens;
  driver.before = [&](const std::string&, const Attempt& attempt) {
    tokens.push_back(attempt.token);
    return std::nullopt;
  };
  go_live_with_two();
  append(alert("a"));
  work();
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_LT(tokens[0], tokens[1]);
  EXPECT_LT(tokens[1], tokens[2]);
}

TEST_F(WorkerTest, TheFactsAreOnDiskBeforeTheDecision) {
  append(asks(EventKind::backup_requested, "", "cli"));
  backup->on_perform = [&](const StepContext&) {
    change([](journal::Transaction& tx) {
      auto select = tx.prepare(
          "SELECT facts FROM facts f JOIN decisions d ON d.event_id = f.event_id "
          "WHERE f.gathered_at <= d.decided_at");
      EXPECT_TRUE(select.next());
      EXPECT_NE(select.text(0).find("\"live_release\":\"1\""), std::string::npos);
    });
    return StepResult{Outcome::done, ""};
  };
  work();
  EXPECT_EQ(backup->performed, 1);
}

TEST_F(WorkerTest, TheSameEventTwiceIsOneRollback) {
  go_live_with_two();
  EXPECT_TRUE(append(alert("a")));
  work();
  EXPECT_FALSE(append(alert("a")));
  work();
  EXPECT_EQ(runs("rollback").size(), 1u);
}

TEST_F(WorkerTest, AStormOfFiftyAlertsIsOneRollbackAndFiftyDecisions) {
  alerts.answer(ScriptedAlerts::firing());
  go_live_with_two();
  std::set<std::int64_t> ids;
  for (int i = 0; i < 50; ++i) ids.insert(append(alert(std::to_string(i))).value_or(0));
  work();
  EXPECT_EQ(ids.size(), 50u);
  EXPECT_EQ(runs("rollback").size(), 1u);
  EXPECT_EQ(undecided(), 0);
  for (std::int64_t id : ids) {
    EXPECT_EQ(decision(id).verdict, id == *ids.begin() ? "act" : "refuse");
  }
  EXPECT_EQ(driver.calls().size(), 3u);
}

TEST_F(WorkerTest, AResolvedAlertIsNotedAndChangesNothing) {
  go_live_with_two();
  const auto id = append(alert("a", EventKind::alert_resolved));
  work();
  EXPECT_EQ(decision(id.value_or(0)).verdict, "note");
  EXPECT_TRUE(runs("rollback").empty());
}

TEST_F(WorkerTest, WhatComesDuringARunIsDecidedAfterIt) {
  go_live_with_two();
  append(alert("a"));
  std::optional<std::int64_t> late;
  driver.before = [&](const std::string&, const Attempt&) {
    late = append(alert("b"));
    return std::nullopt;
  };
  confirm->on_perform = [&](const StepContext&) {
    EXPECT_EQ(undecided(), 1) << "deferred, not refused";
    clock.advance(minutes(1));
    return StepResult{Outcome::done, ""};
  };
  work();
  EXPECT_EQ(undecided(), 0);
  EXPECT_GE(decision(late.value_or(0)).decided_at, *last_run("rollback").ended_at);
  EXPECT_EQ(runs("rollback").size(), 1u);
}

TEST_F(WorkerTest, ADeployOfAReleaseThatDoesNotExistFailsAndIsTold) {
  driver.before = [](const std::string&, const Attempt&) {
    return failed("./deploy: exit status 1: no such release");
  };
  append(asks(EventKind::deploy_requested, "9"));
  work();
  const journal::Run run = last_run("deploy");
  EXPECT_EQ(run.outcome, "failed");
  EXPECT_EQ(run.detail, "stage: ./deploy: exit status 1: no such release");
  EXPECT_EQ(driver.calls(), Strings{"stage 9"}) << "nothing was switched";
  EXPECT_EQ(ledger().live()->release, "1");
  EXPECT_TRUE(was_told("error: shop: deploy of release 9 failed"));
}

TEST_F(WorkerTest, ADeployWithoutItsBackupDoesNotBegin) {
  backup->on_perform = [](const StepContext&) { return failed("disk full"); };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(last_run("deploy").outcome, "failed");
  EXPECT_EQ(last_run("deploy").detail, "backup: disk full");
  EXPECT_TRUE(driver.calls().empty());
}

TEST_F(WorkerTest, ABackupThatFailsBesideARollbackIsToldAndBlocksNothing) {
  go_live_with_two();
  backup->on_perform = [](const StepContext&) { return failed("pg_dump: exit status 1"); };
  append(alert("a"));
  work();
  const journal::Run run = last_run("rollback");
  EXPECT_EQ(run.outcome, "done");
  EXPECT_EQ(run.detail, "no backup was taken beside it");
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_TRUE(was_told("error: shop: the backup beside a rollback failed"));
}

TEST_F(WorkerTest, ARollbackDoesNotWaitForItsBackup) {
  go_live_with_two();
  std::latch switched{1};
  backup->on_perform = [&](const StepContext&) {
    switched.wait();
    return StepResult{Outcome::done, ""};
  };
  confirm->on_perform = [&](const StepContext&) {
    switched.count_down();
    return StepResult{Outcome::done, ""};
  };
  append(alert("a"));
  work();
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(steps(last_run("rollback")).size(), 4u) << "and does not end without it";
}

TEST_F(WorkerTest, ARollbackThatIsNotVerifiedCallsAPersonAndTriesNothingMore) {
  go_live_with_two();
  verify->on_perform = [](const StepContext&) { return failed("health answers 503, for 30s"); };
  append(alert("a"));
  work();
  const journal::Run run = last_run("rollback");
  EXPECT_EQ(run.outcome, "failed");
  EXPECT_EQ(steps(run, "backup"), (Strings{"switch done", "verify failed"}));
  EXPECT_EQ(confirm->performed, 0);
  EXPECT_TRUE(was_told("critical: shop: rollback from release 2 to 1 failed, a person is needed"));
  append(alert("b"));
  work();
  EXPECT_EQ(runs("rollback").size(), 1u);
}

TEST_F(WorkerTest, ARollbackThatIsNotConfirmedCallsAPerson) {
  go_live_with_two();
  confirm->on_perform = [](const StepContext&) { return failed("still firing"); };
  append(alert("a"));
  work();
  EXPECT_EQ(last_run("rollback").outcome, "failed");
  EXPECT_TRUE(was_told("critical: shop: rollback from release 2 to 1 failed, a person is needed"));
}

TEST_F(WorkerTest, DisarmedNoNewStepBegins) {
  go_live_with_two();
  std::latch backup_begun(1);  // it runs alongside
  backup->on_perform = [&](const StepContext&) {
    backup_begun.count_down();
    return StepResult{Outcome::done, ""};
  };
  driver.before = [&](const std::string&, const Attempt&) {
    backup_begun.wait();
    std::ofstream(folder.path("disarmed")) << "";
    return std::nullopt;
  };
  append(alert("a"));
  work();
  const journal::Run run = last_run("rollback");
  EXPECT_EQ(run.outcome, "stopped");
  EXPECT_EQ(run.detail, "disarmed before step verify");
  EXPECT_EQ(steps(run, "backup"), Strings{"switch done"});
  EXPECT_TRUE(was_told("critical: shop: rollback from release 2 to 1 stopped, a person is needed"));
}

TEST_F(WorkerTest, DisarmedAtTheDecisionIsARefusalThatIsTold) {
  go_live_with_two();
  std::ofstream(folder.path("disarmed")) << "";
  const auto id = append(alert("a"));
  work();
  EXPECT_EQ(decision(id.value_or(0)).reason, "disarmed");
  EXPECT_EQ(*driver.current(), "2");
  EXPECT_TRUE(was_told("critical: shop: rollback refused"));
}

TEST_F(WorkerTest, WithNothingToGoBackToTheReasonIsInTheAudit) {
  change([](journal::Transaction& tx) { tx.prepare("UPDATE releases SET good_at = NULL").run(); });
  go_live_with_two();
  append(alert("a"));
  work();
  EXPECT_TRUE(runs("rollback").empty());
  change([](journal::Transaction& tx) {
    const auto audit = read_audit(tx, {}).entries;
    EXPECT_EQ(audit.back().what, "refuse");
    EXPECT_EQ(audit.back().subject, "no_good_release");
    EXPECT_EQ(audit.back().why,
              "there is no release to go back to; backstay releases adopt seeds the ledger");
  });
  EXPECT_TRUE(was_told("critical: shop: rollback refused"));
}

TEST_F(WorkerTest, ADeployThatIsNotVerifiedIsForThePolicyToDecide) {
  policy.rules.push_back(rule("failed-deploy", EventKind::deploy_failed, ActionKind::rollback));
  restart();
  verify->on_perform = [](const StepContext& context) {
    return context.run.release_to == "2" ? failed("health answers 503")
                                         : StepResult{Outcome::done, ""};
  };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(last_run("deploy").outcome, "failed");
  EXPECT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(last_run("rollback").rule, "failed-deploy");
  EXPECT_EQ(confirm->performed, 0) << "there is no alert to watch";
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_TRUE(ledger().find("2")->poisoned_at);
}

TEST_F(WorkerTest, WithoutARuleAFailedDeployIsOnlyNoted) {
  verify->on_perform = [](const StepContext&) { return failed("health answers 503"); };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_TRUE(runs("rollback").empty());
  EXPECT_EQ(undecided(), 0);
  EXPECT_EQ(*driver.current(), "2");
}

TEST_F(WorkerTest, ObserveOnlySaysWhatItWouldDo) {
  go_live_with_two();
  policy.mode = Policy::Mode::observe;
  restart();
  const auto id = append(alert("a"));
  work();
  EXPECT_EQ(decision(id.value_or(0)).verdict, "observe");
  EXPECT_EQ(*driver.current(), "2");
  EXPECT_TRUE(was_told("info: shop: observed, not acted on"));
}

TEST_F(WorkerTest, AReleaseThatSettlesIsGood) {
  go_live_with_two();
  clock.advance(minutes(9));
  work();
  EXPECT_FALSE(ledger().find("2")->good_at);
  clock.advance(minutes(1));
  work();
  EXPECT_TRUE(ledger().find("2")->good_at);
}

TEST_F(WorkerTest, AClockThatIsSetForwardMakesNoReleaseGood) {
  go_live_with_two();
  clock.jump(minutes(60));
  work();
  EXPECT_FALSE(ledger().find("2")->good_at);
  clock.jump(minutes(-120));
  clock.advance(minutes(10));
  work();
  EXPECT_TRUE(ledger().find("2")->good_at) << "nor does one that is set back keep it from being so";
}

TEST_F(WorkerTest, AReleaseSettlesAcrossARestart) {
  go_live_with_two();
  clock.advance(minutes(9));
  restart();
  work();
  EXPECT_FALSE(ledger().find("2")->good_at);
  clock.advance(minutes(1));
  work();
  EXPECT_TRUE(ledger().find("2")->good_at);
}

// The deployment's rollback then began before the deployment, by the clock, and long ago.
TEST_F(WorkerTest, AClockThatIsSetBackAllowsNoSecondRollback) {
  policy.rules.push_back(rule("failed", EventKind::deploy_failed, ActionKind::rollback));
  restart();
  go_live_with_two();
  driver.before = [](const std::string& what, const auto&) {
    return what == "switch 1" ? std::optional(failed("no space left")) : std::nullopt;
  };
  clock.jump(std::chrono::hours(-5));
  append(asks(EventKind::deploy_failed, "2"));
  work();
  clock.advance(std::chrono::hours(4));
  const auto id = append(asks(EventKind::deploy_failed, "2"));
  work();
  EXPECT_EQ(decision(id.value_or(0)).reason, "already_rolled_back");
}

TEST_F(WorkerTest, ADeployThatFailedNeverBecomesGoodByItself) {
  verify->on_perform = [](const StepContext&) { return failed("health answers 503"); };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  clock.advance(minutes(60));
  work();
  EXPECT_FALSE(ledger().find("2")->good_at) << "a later rollback would go there";
}

TEST_F(WorkerTest, AReleaseWithAnAlertNeverBecomesGoodByItself) {
  go_live_with_two();
  policy.mode = Policy::Mode::observe;
  restart();
  append(alert("a"));
  work();
  clock.advance(minutes(60));
  work();
  EXPECT_FALSE(ledger().find("2")->good_at);
}

TEST_F(WorkerTest, AnAlertThatWasNoneLeavesNoMark) {
  go_live_with_two();
  alerts.answer(ScriptedAlerts::clear());
  const auto id = append(alert("a"));
  work();
  EXPECT_EQ(decision(id.value_or(0)).reason, "alert_not_firing");
  clock.advance(minutes(60));
  work();
  EXPECT_TRUE(ledger().find("2")->good_at);
}

TEST_F(WorkerTest, WhatHappenedBehindItsBackIsSetRightByTheDriver) {
  driver.set_live("7");
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  EXPECT_EQ(ledger().live()->release, "7");
  EXPECT_EQ(ledger().live()->kind, "observed");
}

TEST_F(WorkerTest, WokenItWorksAndStoppedItEnds) {
  std::latch done{1};
  backup->on_perform = [&](const StepContext&) {
    done.count_down();
    return StepResult{Outcome::done, ""};
  };
  std::jthread thread([this](const std::stop_token& stop) { worker->run(stop); });
  append(asks(EventKind::backup_requested, "", "cli"));
  worker->wake();
  done.wait();
  thread.request_stop();
  thread.join();
  EXPECT_GT(worker->last_round_ms(), 0);
  EXPECT_FALSE(worker->is_busy());
}

}  // namespace
}  // namespace backstay
