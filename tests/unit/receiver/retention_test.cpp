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
  change([&](Transaction& tx) { open_deployment(tx, "1", "observed", std::nullopt, clock.now()); });
  remove();
  EXPECT_EQ(left(), Strings{"2"});
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

TEST_F(RetentionTest, AMessageGoesOnceItWasSent) {
  change([&](Transaction& tx) {
    OutboxRow message;
    message.created_at = clock.now();
    append_message(tx, message, {{"log", {}}, {"slack", {}}});
    mark_sent(tx, 1, clock.now());
  });
  pass_a_year();
  remove();
  EXPECT_EQ(number("SELECT id FROM outbox"), 2);
  EXPECT_EQ(total("removed", "outbox"), 1);
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
