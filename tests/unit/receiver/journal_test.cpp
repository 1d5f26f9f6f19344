#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "receiver/journal/approval_log.h"
#include "receiver/journal/audit.h"
#include "receiver/journal/database.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/outbox.h"
#include "receiver/journal/run_log.h"
#include "tests/temporary_folder.h"
#include "tests/unit/receiver/older_journal.h"

namespace backstay::journal {
namespace {

const WallTime kNow{std::chrono::hours(24 * 20'000)};

Event alert(const std::string& dedupe_key) {
  Event event;
  event.kind = EventKind::alert_firing;
  event.source = "alertmanager";
  event.dedupe_key = dedupe_key;
  event.actor = "alertmanager";
  event.subject = "ErrorRatioHigh";
  event.labels = {{"service", "invitations"}};
  event.began_at = kNow - std::chrono::seconds(5);
  return event;
}

struct JournalTest : ::testing::Test {
  void SetUp() override { reopen(); }
  void reopen() {
    database.reset();
    auto opened = Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
  }
  void write(const std::function<void(Transaction&)>& work) {
    const auto written = database->write(work);
    ASSERT_TRUE(written) << written.error().message;
  }

  test::TemporaryFolder folder;
  std::unique_ptr<Database> database;
};

TEST_F(JournalTest, AnEventComesBackWhole) {
  write([](Transaction& tx) { EXPECT_EQ(append_event(tx, alert("a"), kNow), 1); });
  reopen();
  write([](Transaction& tx) {
    const auto stored = next_undecided(tx, kNow);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->received_at, kNow);
    EXPECT_EQ(stored->event.kind, EventKind::alert_firing);
    EXPECT_EQ(stored->event.source, "alertmanager");
    EXPECT_EQ(stored->event.subject, "ErrorRatioHigh");
    EXPECT_EQ(stored->event.labels.at("service"), "invitations");
    EXPECT_EQ(stored->event.began_at, kNow - std::chrono::seconds(5));
  });
}

TEST_F(JournalTest, ASecondDeliveryIsCountedNotStored) {
  write([](Transaction& tx) {
    EXPECT_TRUE(append_event(tx, alert("a"), kNow));
    EXPECT_FALSE(append_event(tx, alert("a"), kNow));
    Event elsewhere = alert("a");
    elsewhere.source = "another-webhook";
    EXPECT_TRUE(append_event(tx, elsewhere, kNow)) << "keys are unique within a source only";
    EXPECT_EQ(count_undecided(tx), 2);
    const auto audit = read_audit(tx, WallTime(), 10);
    ASSERT_EQ(audit.size(), 2u);
    EXPECT_EQ(audit[0].why, "from alertmanager, delivered 2 times");
  });
}

TEST_F(JournalTest, LabelsThatAreNotUtf8AreStillAccepted) {
  Event event = alert("a");
  event.labels["path"] = "/\xff\xfe";
  write([&](Transaction& tx) { EXPECT_TRUE(append_event(tx, event, kNow)); });
  write([](Transaction& tx) { EXPECT_TRUE(next_undecided(tx, kNow)); });
}

TEST_F(JournalTest, ADecisionIsFinal) {
  write([](Transaction& tx) { append_event(tx, alert("a"), kNow); });
  write([](Transaction& tx) {
    append_decision(tx, {1, kNow, "refuse", "disarmed", "the file is there", "bad-release"});
    EXPECT_FALSE(next_undecided(tx, kNow));
  });
  EXPECT_FALSE(database->write([](Transaction& tx) {
    append_decision(tx, {1, kNow, "act", "asked", "again", ""});
  }));
  write([](Transaction& tx) { EXPECT_EQ(find_decision(tx, 1)->verdict, "refuse"); });
}

TEST_F(JournalTest, OneRunIsInFlight) {
  write([](Transaction& tx) {
    for (const char* key : {"a", "b"}) {
      const auto id = append_event(tx, alert(key), kNow);
      append_decision(tx, {id.value_or(0), kNow, "act", "asked", "", ""});
    }
    journal::Run run;
    run.event_id = 1;
    run.action = "rollback";
    run.started_at = kNow;
    append_run(tx, run);
  });
  const auto second = database->write([](Transaction& tx) {
    journal::Run run;
    run.event_id = 2;
    run.action = "rollback";
    run.started_at = kNow;
    append_run(tx, run);
  });
  EXPECT_FALSE(second) << "two runs in flight";
}

TEST_F(JournalTest, TokensGrowAcrossRestarts) {
  std::int64_t first = 0;
  write([&](Transaction& tx) {
    append_event(tx, alert("a"), kNow);
    append_decision(tx, {1, kNow, "act", "asked", "", ""});
    journal::Run run;
    run.event_id = 1;
    run.action = "rollback";
    run.started_at = kNow;
    append_run(tx, run);
    first = start_step(tx, 1, "switch", kNow);
  });
  reopen();
  write([&](Transaction& tx) { EXPECT_GT(start_step(tx, 1, "switch", kNow), first); });
}

TEST_F(JournalTest, WorkThatThrowsChangesNothing) {
  const auto written = database->write([](Transaction& tx) {
    append_event(tx, alert("a"), kNow);
    throw std::runtime_error("the power went out");
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "journal: the power went out");
  write([](Transaction& tx) { EXPECT_FALSE(next_undecided(tx, kNow)); });
}

TEST_F(JournalTest, AFileOfTheFirstVersionIsBroughtUpToDate) {
  write([](Transaction& tx) {
    for (const char* key : {"a", "b", "c"}) append_event(tx, alert(key), kNow);
    append_decision(tx, {2, kNow, "refuse", "disarmed", "", ""});
    for (const std::string& sql : test::undo_to(1)) {
      tx.prepare(sql).run();
    }
  });
  reopen();
  write([](Transaction& tx) {
    EXPECT_EQ(count_undecided(tx), 2);
    EXPECT_EQ(next_undecided(tx, kNow)->id, 1);
    Statement total = tx.prepare("SELECT name, total FROM totals ORDER BY name DESC");
    ASSERT_TRUE(total.next());
    EXPECT_EQ(total.text(0) + " " + total.text(1), "events 3");
    ASSERT_TRUE(total.next());
    EXPECT_EQ(total.text(0) + " " + total.text(1), "decisions 1");
  });
}

TEST_F(JournalTest, AFileOfANewerVersionIsRefused) {
  write([](Transaction& tx) { tx.prepare("PRAGMA user_version=99").run(); });
  database.reset();
  const auto opened = Database::open(folder.path("journal.db"));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("newer version"), std::string::npos);
}

TEST_F(JournalTest, AMessageGoesToEachChannelUntilSent) {
  write([](Transaction& tx) {
    OutboxRow message;
    message.created_at = kNow;
    message.severity = "info";
    message.title = "title";
    append_message(tx, message, {{"log", {}}, {"slack", {}}});
    const auto first = next_message(tx, "log", kNow);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->channel, "log");
    mark_sent(tx, first->id, kNow);
    EXPECT_FALSE(next_message(tx, "log", kNow));
    EXPECT_FALSE(next_stranded(tx, {"log", "slack"}, kNow));
    EXPECT_EQ(next_stranded(tx, {"log"}, kNow)->channel, "slack");
    const auto second = next_message(tx, "slack", kNow);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->channel, "slack");
    mark_failed(tx, second->id, kNow, kNow + std::chrono::seconds(1), "503");
    EXPECT_FALSE(next_message(tx, "slack", kNow));
    EXPECT_EQ(next_message(tx, "slack", kNow + std::chrono::seconds(1))->attempts, 1);
    EXPECT_EQ(count_pending(tx), 1);
  });
}

TEST_F(JournalTest, AFileFromBeforeApprovalsIsBroughtUpToDate) {
  write([](Transaction& tx) {
    append_event(tx, alert("a"), kNow);
    for (const std::string& sql : test::undo_to(2)) tx.prepare(sql).run();
  });
  reopen();
  write([](Transaction& tx) {
    EXPECT_TRUE(open_approvals(tx).empty());
    EXPECT_TRUE(next_undecided(tx, kNow)) << "what was in it still is";
  });
}

}  // namespace
}  // namespace backstay::journal
