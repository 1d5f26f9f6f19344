#include "receiver/journal/retention.h"

#include "receiver/journal/integrity.h"
#include "receiver/journal/outbox.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay::journal {
namespace {

using std::chrono::hours;
using Strings = std::vector<std::string>;

struct RetentionTest : test::WorkerFixture {
  // All that is older than 100 days; returns the steps that it took.
  int remove() {
    RetentionPlace place;
    int steps = 0;
    while (place.has_more) {
      change([&](Transaction& tx) { place = remove_old(tx, clock.now() - hours(2400), place); });
      ++steps;
    }
    return steps;
  }
  // The dedupe keys of the events that are left.
  Strings left() {
    Strings keys;
    change([&](Transaction& tx) {
      Statement rows = tx.prepare("SELECT dedupe_key FROM events ORDER BY id");
      while (rows.next()) keys.push_back(rows.text(0));
    });
    return keys;
  }
  std::int64_t number(const std::string& sql) {
    std::int64_t value = 0;
    change([&](Transaction& tx) {
      Statement row = tx.prepare(sql);
      if (row.next()) value = row.integer(0);
    });
    return value;
  }
  std::int64_t total(const std::string& name, const std::string& first) {
    return number("SELECT total FROM totals WHERE name = '" + name + "' AND first = '" + first +
                  "'");
  }
  void expect_whole() {
    change([](Transaction& tx) {
      for (const Problem& problem : check_all(tx)) ADD_FAILURE() << problem.check << problem.what;
    });
  }
  void pass_a_year() { clock.advance(hours(24 * 365)); }
  // Another release is live from now on: what came before is none of its history.
  void go_live(const std::string& release) {
    change([&](Transaction& tx) {
      open_deployment(tx, release, "observed", std::nullopt, clock.now());
    });
  }
};

TEST_F(RetentionTest, WhatIsOldAndNeededByNothingGoesAndIsCounted) {
  append(alert("old", EventKind::alert_resolved));
  work();
  pass_a_year();
  append(alert("young", EventKind::alert_resolved));
  work();
  remove();
  EXPECT_EQ(left(), Strings{"young"});
  EXPECT_EQ(number("SELECT count(*) FROM decisions"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM facts"), 1);
  EXPECT_EQ(total("removed", "events"), 1);
  EXPECT_EQ(total("removed", "decisions"), 1);
  EXPECT_EQ(total("removed", "facts"), 1);
  EXPECT_EQ(total("events", "alertmanager"), 2) << "a counter never goes back";
  expect_whole();
}

TEST_F(RetentionTest, AnEventThatWaitsStays) {
  append(alert("waits"));
  pass_a_year();
  remove();
  EXPECT_EQ(left(), Strings{"waits"});
  work();
  EXPECT_EQ(left(), Strings{"waits"});
}

TEST_F(RetentionTest, WhatWasDecidedLatelyStaysHoweverOldItIs) {
  append(alert("late", EventKind::alert_resolved));
  pass_a_year();
  work();
  remove();
  EXPECT_EQ(left(), Strings{"late"});
  pass_a_year();
  remove();
  EXPECT_EQ(left(), Strings{});
}

TEST_F(RetentionTest, ASlotThatIsStillSentToIsKept) {
  append(alert("a", EventKind::alert_resolved));
  work();
  pass_a_year();
  EXPECT_FALSE(append(alert("a", EventKind::alert_resolved)));
  remove();
  EXPECT_EQ(left(), Strings{"a"});
  pass_a_year();
  remove();
  EXPECT_EQ(left(), Strings{});
}

TEST_F(RetentionTest, WhatTheLedgerAndTheGuardsLookAtStays) {
  append(asks(EventKind::backup_requested, "", "cli"));  // 1: not the last backup
  work();
  go_live_with_two();  // 2: made a deployment, with a backup
  append(alert("a"));  // rolled back: made a deployment too
  work();
  ASSERT_EQ(last_run("rollback").outcome, "done");
  backup->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no space"}; };
  append(asks(EventKind::backup_requested, "", "cli"));  // 3: since the live release's switch
  work();
  pass_a_year();
  remove();
  EXPECT_EQ(left(), (Strings{"2", "a", "3"}));
  EXPECT_EQ(number("SELECT count(*) FROM releases WHERE poisoned_at IS NOT NULL"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM deployments"), 3);
  EXPECT_EQ(total("removed", "runs"), 1);
  EXPECT_EQ(total("removed", "steps"), 1);
  expect_whole();
}

TEST_F(RetentionTest, TheLastBackupStays) {
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  clock.advance(hours(1));
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  pass_a_year();
  go_live("1");
  remove();
  EXPECT_EQ(left(), Strings{"2"});
}

TEST_F(RetentionTest, TheLastBackupIsOneThatIsThere) {
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  clock.advance(hours(1));
  // Nobody knew how this one ended, and it was there.
  backup->on_perform = [](const auto&) { return StepResult{Outcome::unknown, "killed"}; };
  backup->on_check = [](const auto&) { return CheckResult{Finding::done, "complete"}; };
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  clock.advance(hours(1));
  backup->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no space"}; };
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  pass_a_year();
  go_live("1");
  remove();
  EXPECT_EQ(left(), Strings{"2"});
}

TEST_F(RetentionTest, ARunThatHasNotEndedStays) {
  backup->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no space"}; };
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  clock.advance(hours(1));
  go_live("2");
  pass_a_year();
  change(
      [](Transaction& tx) { tx.prepare("UPDATE runs SET ended_at = NULL, outcome = NULL").run(); });
  remove();
  EXPECT_EQ(left(), Strings{"1"});
}

// One rollback for each deployment, whatever the clock said when that was tried.
TEST_F(RetentionTest, WhatWasTriedOfTheLiveDeploymentStays) {
  backup->on_perform = [](const auto&) { return StepResult{Outcome::failed, "no space"}; };
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  clock.advance(hours(1));
  go_live("2");
  change([](Transaction& tx) {
    tx.prepare(
          "UPDATE runs SET action = 'rollback', "
          "deployment_id = (SELECT id FROM deployments WHERE ended_at IS NULL)")
        .run();
  });
  pass_a_year();
  remove();
  EXPECT_EQ(left(), Strings{"1"});
  go_live("3");
  remove();
  EXPECT_EQ(left(), Strings{});
}

TEST_F(RetentionTest, AQuestionGoesWithItsEvent) {
  go_live_with_two();
  policy.mode = Policy::Mode::approve;
  restart();
  append(alert("asked"));
  work();
  ASSERT_EQ(number("SELECT count(*) FROM approvals"), 1);
  pass_a_year();
  work();  // the time for an answer is over
  go_live("3");
  pass_a_year();
  remove();
  EXPECT_EQ(left(), Strings{"1"}) << "the run that made a deployment";
  EXPECT_EQ(number("SELECT count(*) FROM approvals"), 0);
  EXPECT_EQ(total("removed", "approvals"), 1);
  expect_whole();
}

TEST_F(RetentionTest, AnAlertThatKeepsTheLiveReleaseFromBeingGoodStays) {
  go_live_with_two();
  policy.mode = Policy::Mode::observe;
  restart();
  append(alert("mark"));
  work();
  append(alert("no-mark", EventKind::alert_resolved));
  work();
  pass_a_year();
  remove();
  EXPECT_EQ(left(), (Strings{"1", "mark"}));
  work();
  EXPECT_EQ(number("SELECT count(*) FROM releases WHERE name = '2' AND good_at IS NULL"), 1);
}

TEST_F(RetentionTest, WhatDoesNotKeepTheLiveReleaseFromBeingGoodGoes) {
  policy.mode = Policy::Mode::observe;
  restart();
  Event early = alert("early");
  append(alert("before"));
  work();
  clock.advance(hours(1));
  go_live("2");
  clock.advance(hours(1));
  append(early);
  append(asks(EventKind::deploy_requested, "9"));  // no alert, though a rule names it
  work();
  policy.rules.clear();
  restart();
  append(alert("no-rule"));
  work();
  pass_a_year();
  remove();
  EXPECT_EQ(left(), Strings{});
}

TEST_F(RetentionTest, AMessageGoesOnceItWasSent) {
  change([&](Transaction& tx) {
    OutboxRow message;
    message.created_at = clock.now();
    append_message(tx, message, {{"log", {}}, {"slack", {}}, {"email", {}}, {"pager", {}}});
    mark_sent(tx, 1, clock.now());
    mark_given_up(tx, 2, clock.now(), "no such address");
  });
  pass_a_year();
  change([&](Transaction& tx) { mark_sent(tx, 3, clock.now()); });
  remove();
  EXPECT_EQ(number("SELECT sum(id) FROM outbox"), 3 + 4) << "sent lately, and not yet";
  EXPECT_EQ(total("removed", "outbox"), 2);
}

TEST_F(RetentionTest, ManyGoInSmallSteps) {
  change([&](Transaction& tx) {
    for (int i = 0; i < 3 * kRetentionStep; ++i) {
      const auto id = append_event(tx, alert(std::to_string(i)), clock.now());
      append_decision(tx, {id.value_or(0), clock.now(), "refuse", "no_rule", "", ""});
    }
  });
  pass_a_year();
  RetentionPlace place;
  change([&](Transaction& tx) { place = remove_old(tx, clock.now(), place); });
  EXPECT_EQ(left().size(), 2u * kRetentionStep);
  EXPECT_EQ(remove(), 3) << "two that are full, and one that finds no more";
  EXPECT_EQ(left(), Strings{});
}

}  // namespace
}  // namespace backstay::journal
