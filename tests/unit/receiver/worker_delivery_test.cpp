#include <map>

#include "receiver/ledger/delivery.h"
#include "receiver/ledger/delivery_metrics.h"
#include "tests/unit/receiver/older_journal.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Counts = std::map<std::string, double>;

// How deployments go, as the metrics tell it.
struct WorkerDeliveryTest : test::WorkerFixture {
  // {"deployments_total planned": 1, "failed_deployment_recovery_seconds": 12, …}: counters that
  // are not 0, and the sums of histograms that have a count.
  Counts counts() {
    Counts found;
    change([&](journal::Transaction& tx) {
      for (const auto& family : delivery_metrics(tx)) {
        for (const auto& metric : family.metric) {
          if (family.type == prometheus::MetricType::Histogram) {
            if (metric.histogram.sample_count == 0) continue;
            found[family.name] = metric.histogram.sample_sum;
          } else if (metric.counter.value > 0) {
            found[family.name + " " + metric.label.at(0).value] = metric.counter.value;
          }
        }
      }
    });
    return found;
  }
  void reopen() {
    worker.reset();
    database.reset();
    auto opened = journal::Database::open(journal_path);
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
    restart();
  }
};

TEST_F(WorkerDeliveryTest, WhatWasToldOfCountsFromWhenItWasTold) {
  driver.set_live("3");
  const WallTime told_at = clock.now();
  append(asks(EventKind::deploy_succeeded, "3", "github"));
  clock.advance(minutes(20));  // the worker is busy with something long
  work();
  EXPECT_EQ(ledger().live()->release, "3");
  EXPECT_EQ(ledger().live()->live_at, told_at);
}

TEST_F(WorkerDeliveryTest, ThatAReleaseIsUnsafeIsKnownHoweverItGoesLive) {
  Event event = asks(EventKind::deploy_started, "3", "github");
  event.details.rollback_safe = false;
  append(event);  // nothing is done for it, and it is not live yet
  work();
  driver.set_live("3");
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  EXPECT_EQ(ledger().live()->kind, "observed");
  EXPECT_FALSE(ledger().find("3")->rollback_safe);
}

TEST_F(WorkerDeliveryTest, ADeployTellsItsLeadTimeAndWhoDidIt) {
  Event event = asks(EventKind::deploy_requested, "2");
  event.details.commit = "1a2b3c4";
  event.details.commit_times = {clock.now() - hours(2)};
  event.details.migrations = {"0042_invite"};
  append(event);
  work();
  EXPECT_EQ(counts(),
            (Counts{{"deployments_total planned", 1}, {"change_lead_time_seconds", 7200}}));
  EXPECT_EQ(ledger().live()->actor, "ada");
  change([](journal::Transaction& tx) {
    EXPECT_EQ(load_details(tx)["2"].commit, "1a2b3c4");
    EXPECT_EQ(load_details(tx)["2"].migrations, std::vector<std::string>{"0042_invite"});
  });
}

TEST_F(WorkerDeliveryTest, ARollbackIsAFailureWithItsRecovery) {
  go_live_with_two();
  append(alert("a"));
  work();
  ASSERT_EQ(last_run("rollback").outcome, "done");
  EXPECT_EQ(counts(), (Counts{{"deployments_total planned", 1},
                              {"deployments_total rollback", 1},
                              {"deployment_failures_total planned", 1},
                              {"failed_deployment_recovery_seconds", 10}}));
}

TEST_F(WorkerDeliveryTest, TheFixIsRework) {
  go_live_with_two();
  append(alert("a"));
  work();
  append(asks(EventKind::deploy_requested, "3"));
  work();
  EXPECT_EQ(counts().at("deployments_total rework"), 1);
}

TEST_F(WorkerDeliveryTest, WhatEndsBeforeItsSwitchIsNoDeployment) {
  backup->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no space"}; };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(last_run("deploy").outcome, "failed");
  EXPECT_EQ(counts(), Counts{});
}

TEST_F(WorkerDeliveryTest, WhatIsToldIsKnownBeforeAnythingIsDone) {
  backup->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no space"}; };
  Event event = asks(EventKind::deploy_requested, "2");
  event.details.rollback_safe = false;
  append(event);
  work();
  ASSERT_NE(ledger().find("2"), nullptr);
  EXPECT_FALSE(ledger().find("2")->rollback_safe) << "it may turn out to be live after all";
}

TEST_F(WorkerDeliveryTest, ADeployThatIsNotVerifiedFailedUntilOneIs) {
  policy.rules.pop_back();
  restart();
  verify->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no answer"}; };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  clock.advance(minutes(2));
  append(asks(EventKind::deploy_requested, "3"));
  work();
  EXPECT_EQ(counts(), (Counts{{"deployments_total planned", 1},
                              {"deployments_total rework", 1},
                              {"deployment_failures_total planned", 1},
                              {"deployment_failures_total rework", 1}}));
  clock.advance(minutes(3));
  verify->on_perform = [](const auto&) { return StepResult{Outcome::done, "200"}; };
  append(asks(EventKind::deploy_requested, "4"));
  work();
  EXPECT_EQ(counts().at("failed_deployment_recovery_seconds"), 5 * 60 + 3 * 60)
      << "both of them are over with the third";
}

TEST_F(WorkerDeliveryTest, WhatIsOverIsOverOnce) {
  policy.rules.pop_back();
  restart();
  verify->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no answer"}; };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  verify->on_perform = [](const auto&) { return StepResult{Outcome::done, "200"}; };
  clock.advance(minutes(2));
  append(asks(EventKind::deploy_requested, "3"));
  work();
  const Counts before = counts();
  EXPECT_EQ(before.at("failed_deployment_recovery_seconds"), 120);
  clock.advance(minutes(2));
  append(asks(EventKind::deploy_requested, "4"));
  work();
  EXPECT_EQ(counts().at("failed_deployment_recovery_seconds"), 120);
}

// The clock was set back meanwhile: how long it took, nobody knows.
TEST_F(WorkerDeliveryTest, ARecoveryBeforeItsFailureIsNotMeasured) {
  policy.rules.pop_back();
  restart();
  verify->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no answer"}; };
  append(asks(EventKind::deploy_requested, "2"));
  work();
  verify->on_perform = [](const auto&) { return StepResult{Outcome::done, "200"}; };
  clock.jump(-hours(1));
  append(asks(EventKind::deploy_requested, "3"));
  work();
  ASSERT_EQ(*driver.current(), "3");
  EXPECT_EQ(counts().count("failed_deployment_recovery_seconds"), 0U);
  ASSERT_TRUE(ledger().deployments.at(1).recovered_at) << "but it is over";
}

TEST_F(WorkerDeliveryTest, ADeploymentDoesNotRecoverByItself) {
  go_live_with_two();
  change([&](journal::Transaction& tx) {
    note_run_failed(tx, 1, clock.now(), "errors");
    note_verified(tx, 1, clock.now());
  });
  EXPECT_EQ(counts(),
            (Counts{{"deployments_total planned", 1}, {"deployment_failures_total planned", 1}}));
}

// It is the bad release that somebody recovers from; that the way back failed too is in its time.
TEST_F(WorkerDeliveryTest, ARollbackThatFailsIsNoReleaseToRecoverFrom) {
  go_live_with_two();
  verify->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no answer"}; };
  append(alert("a"));
  work();
  ASSERT_EQ(last_run("rollback").outcome, "failed");
  verify->on_perform = [](const auto&) { return StepResult{Outcome::done, "200"}; };
  clock.advance(minutes(1));
  append(asks(EventKind::deploy_requested, "3"));
  work();
  EXPECT_EQ(counts().at("failed_deployment_recovery_seconds"), 10 + 60);
}

TEST_F(WorkerDeliveryTest, WhatSomebodyElseDeployedIsRecoveredFromToo) {
  driver.set_live("2");
  append(asks(EventKind::deploy_succeeded, "2"));
  work();
  change([&](journal::Transaction& tx) {
    note_failed(tx, load_ledger(tx).live()->id, clock.now(), "errors");
  });
  clock.advance(minutes(1));
  append(asks(EventKind::deploy_requested, "3"));
  work();
  EXPECT_EQ(counts().at("failed_deployment_recovery_seconds"), 60);
}

TEST_F(WorkerDeliveryTest, NobodyKnowsWhenItWasOverWhereNobodyVerified) {
  go_live_with_two();
  policy.mode = Policy::Mode::observe;
  restart();
  append(alert("a"));
  work();
  driver.set_live("3");
  append(asks(EventKind::deploy_succeeded, "3"));
  work();
  clock.advance(hours(1));
  append(asks(EventKind::deploy_requested, "4", "cli"));
  work();
  ASSERT_EQ(*driver.current(), "4");
  EXPECT_EQ(counts(), (Counts{{"deployments_total planned", 2},
                              {"deployments_total rework", 1},
                              {"deployment_failures_total planned", 1}}));
}

TEST_F(WorkerDeliveryTest, ObserveCountsTheFailureThatItSees) {
  go_live_with_two();
  policy.mode = Policy::Mode::observe;
  restart();
  append(alert("a"));
  append(alert("b"));
  work();
  EXPECT_EQ(counts().at("deployment_failures_total planned"), 1);
  EXPECT_TRUE(ledger().live()->failed_at);
}

TEST_F(WorkerDeliveryTest, AWebhookTellsOfWhatWasDeployedElsewhere) {
  driver.set_live("2");
  Event event = asks(EventKind::deploy_succeeded, "2");
  event.actor = "octocat";
  event.details.commit_times = {clock.now() - minutes(30)};
  append(event);
  work();
  EXPECT_EQ(ledger().live()->kind, "observed");
  EXPECT_EQ(ledger().live()->actor, "octocat");
  EXPECT_EQ(counts(),
            (Counts{{"deployments_total planned", 1}, {"change_lead_time_seconds", 1800}}));
}

TEST_F(WorkerDeliveryTest, AWebhookOfAnotherReleaseSaysNothingOfTheLiveOne) {
  driver.set_live("2");
  Event event = asks(EventKind::deploy_succeeded, "staging-9");
  event.details.commit_times = {clock.now()};
  append(event);
  work();
  EXPECT_EQ(ledger().live()->actor, "");
  EXPECT_EQ(ledger().find("staging-9"), nullptr);
}

TEST_F(WorkerDeliveryTest, TheCountsSurviveARestart) {
  go_live_with_two();
  append(alert("a"));
  work();
  const Counts before = counts();
  reopen();
  EXPECT_EQ(counts(), before);
}

TEST_F(WorkerDeliveryTest, AJournalFromBeforeCountsWhatItsLedgerHolds) {
  go_live_with_two();
  append(alert("a"));
  work();
  change([](journal::Transaction& tx) {
    for (const std::string& sql : test::undo_to(4)) tx.prepare(sql).run();
    tx.prepare("DELETE FROM totals WHERE name LIKE 'failed_deployment%'").run();
  });
  reopen();
  EXPECT_EQ(counts(), (Counts{{"deployments_total planned", 1},
                              {"deployments_total rollback", 1},
                              {"deployment_failures_total planned", 1}}));
}

}  // namespace
}  // namespace backstay
