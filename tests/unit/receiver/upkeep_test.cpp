#include "receiver/journal/upkeep.h"

#include <prometheus/metric_family.h>

#include "receiver/journal_metrics.h"
#include "tests/journal_damage.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;

struct UpkeepTest : test::WorkerFixture {
  // A disk that can be read and not written.
  void let_write(bool may) {
    const auto done = database->read([&](journal::Transaction& tx) {
      tx.prepare(may ? "PRAGMA query_only=OFF" : "PRAGMA query_only=ON").run();
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  // The value of a metric without labels, or of the one with this label; -1: absent.
  double metric(const std::string& name, const std::string& label = "") {
    for (const auto& family : JournalMetrics(*database, *worker, kill_switch).Collect()) {
      if (family.name != "backstay_receiver_" + name) continue;
      for (const auto& sample : family.metric) {
        if (label.empty() || sample.label[0].value == label) {
          return family.type == prometheus::MetricType::Counter ? sample.counter.value
                                                                : sample.gauge.value;
        }
      }
    }
    return -1;
  }
  // How many events were removed since the journal began.
  double removed() { return std::max(metric("journal_rows_removed_total", "events"), 0.0); }
  // As after a restart of the program.
  void begin_again() { upkeep = std::make_unique<journal::Upkeep>(*database, kKeep, clock); }
  // Rounds over so many hours, one each quarter of an hour.
  void go_on_for(int hours_long) {
    for (int i = 0; i < 4 * hours_long; ++i) {
      clock.advance(std::chrono::minutes(15));
      upkeep->go_round();
    }
  }
  static constexpr hours kKeep{24 * 28};
  static constexpr hours kFarOff{24 * 400};
  std::unique_ptr<journal::Upkeep> upkeep =
      std::make_unique<journal::Upkeep>(*database, kKeep, clock);
};

TEST_F(UpkeepTest, ADiskThatCannotBeWrittenShowsWithoutAWebhookAndSoDoesItsEnd) {
  upkeep->go_round();
  EXPECT_EQ(database->write_problem(), "");
  EXPECT_EQ(metric("journal_up"), 1);
  let_write(false);
  upkeep->go_round();
  EXPECT_EQ(database->write_problem(), "attempt to write a readonly database");
  EXPECT_EQ(metric("journal_up"), 0);
  EXPECT_EQ(metric("events_waiting"), 0) << "what can be read is still shown";
  let_write(true);
  upkeep->go_round();
  EXPECT_EQ(database->write_problem(), "");
  EXPECT_EQ(metric("journal_up"), 1);
  EXPECT_EQ(metric("journal_damaged"), 0);
}

TEST_F(UpkeepTest, OldRowsGoAndTheCounterSaysSo) {
  append(alert("old", EventKind::alert_resolved));
  work();
  upkeep->go_round();
  EXPECT_EQ(metric("journal_rows_removed_total", "events"), -1);
  clock.advance(hours(24 * 29));
  upkeep->go_round();
  EXPECT_EQ(metric("journal_rows_removed_total", "events"), 1);
  EXPECT_EQ(metric("events_total", "alertmanager"), 1);
}

TEST_F(UpkeepTest, WhatWasNeededIsLookedAtAgainTheNextDay) {
  upkeep->go_round();
  append(alert("waits", EventKind::alert_resolved));
  clock.advance(hours(24 * 29));
  upkeep->go_round();
  work();
  clock.advance(hours(24 * 29));
  upkeep->go_round();
  EXPECT_EQ(metric("journal_rows_removed_total", "events"), 1);
}

// A clock that is wrong for a while would have the whole past removed, and each dedupe slot with
// it: what was asked for once would be done once more.
TEST_F(UpkeepTest, AClockThatIsWrongForSomeHoursRemovesNothing) {
  append(alert("seen", EventKind::alert_resolved));
  work();
  upkeep->go_round();
  clock.jump(kFarOff);
  go_on_for(23);
  EXPECT_EQ(removed(), 0);
  clock.jump(-kFarOff);
  go_on_for(23);
  EXPECT_EQ(removed(), 0);
  EXPECT_FALSE(append(alert("seen", EventKind::alert_resolved))) << "its dedupe slot is there";
}

TEST_F(UpkeepTest, AClockThatHoldsForADayIsBelieved) {
  append(alert("old", EventKind::alert_resolved));
  work();
  upkeep->go_round();
  clock.jump(kFarOff);
  go_on_for(25);
  EXPECT_EQ(removed(), 1);
}

// A machine without a battery for its clock starts with any time; what comes in then is written
// down with it, and must not make that time one to trust after the next start.
TEST_F(UpkeepTest, AWrongClockAtTheStartRemovesNothingHoweverOftenItStarts) {
  append(alert("seen", EventKind::alert_resolved));
  work();
  upkeep->go_round();
  clock.jump(kFarOff);
  for (int start = 0; start < 5; ++start) {
    begin_again();
    upkeep->go_round();
    append(alert("at start " + std::to_string(start), EventKind::alert_resolved));
    work();
    go_on_for(10);
  }
  EXPECT_EQ(removed(), 0);
  clock.jump(-kFarOff);
  begin_again();
  go_on_for(25);
  EXPECT_EQ(removed(), 0);
}

TEST_F(UpkeepTest, AJournalFromBeforeTheClockWasNotedIsComparedWithItsNewestEvent) {
  append(alert("seen", EventKind::alert_resolved));
  work();
  clock.jump(kFarOff);
  upkeep->go_round();
  EXPECT_EQ(removed(), 0);
  clock.jump(-kFarOff);
  upkeep->go_round();
  EXPECT_EQ(removed(), 0);
}

TEST_F(UpkeepTest, AClockThatWasAheadDoesNotKeepItFromBeginningAnewEachDay) {
  append(alert("waits", EventKind::alert_resolved));
  clock.jump(kFarOff);
  go_on_for(25);  // believed by now: the event is looked at, and stays since it waits
  clock.jump(-kFarOff);
  work();
  go_on_for(25);
  EXPECT_EQ(removed(), 0);
  clock.advance(kKeep);
  upkeep->go_round();
  EXPECT_EQ(removed(), 1);
}

TEST_F(UpkeepTest, ADamagedJournalShowsAsSuch) {
  database.reset();
  ASSERT_GT(test::damage_pages_with(folder.path("journal.db"), "the first"), 0);
  auto opened = journal::Database::open(folder.path("journal.db"));
  ASSERT_TRUE(opened) << opened.error().message;
  const JournalMetrics metrics(**opened, *worker, kill_switch);
  std::string told;
  for (const auto& family : metrics.Collect()) {
    for (const auto& sample : family.metric) {
      told += family.name + " " + std::to_string(static_cast<int>(sample.gauge.value)) + "\n";
    }
  }
  EXPECT_EQ(told,
            "backstay_receiver_journal_up 0\nbackstay_receiver_journal_damaged 1\n"
            "backstay_receiver_disarmed 0\nbackstay_receiver_worker_stuck 0\n");
}

TEST_F(UpkeepTest, AWorkerThatCannotGoOnShowsAsStuck) {
  change([](journal::Transaction& tx) {
    tx.prepare(
          "CREATE TRIGGER no_decision BEFORE INSERT ON decisions BEGIN "
          "SELECT RAISE(ABORT, 'no such thing'); END")
        .run();
  });
  append(alert("a"));
  double meanwhile = -1;
  clock.on_sleep = [&]() {
    meanwhile = metric("worker_stuck");
    change([](journal::Transaction& tx) { tx.prepare("DROP TRIGGER no_decision").run(); });
    clock.on_sleep = nullptr;
  };
  work();
  EXPECT_EQ(meanwhile, 1);
  EXPECT_EQ(metric("worker_stuck"), 0);
}

}  // namespace
}  // namespace backstay
