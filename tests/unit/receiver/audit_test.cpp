#include "receiver/journal/audit.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "receiver/journal/event_log.h"
#include "receiver/journal/outbox.h"
#include "receiver/journal/run_log.h"
#include "receiver/ledger/ledger.h"
#include "tests/temporary_folder.h"

namespace backstay::journal {
namespace {

using std::chrono::seconds;

const WallTime kNow{std::chrono::hours(24 * 20'000)};

struct AuditTest : ::testing::Test {
  void SetUp() override {
    auto opened = Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
  }
  void write(const std::function<void(Transaction&)>& work) {
    const auto written = database->write(work);
    ASSERT_TRUE(written) << written.error().message;
  }
  // "kind | what | subject | actor | why", in order.
  std::vector<std::string> audit(WallTime since = WallTime()) {
    std::vector<std::string> lines;
    write([&](Transaction& tx) {
      for (const AuditEntry& entry : read_audit(tx, {since}).entries) {
        lines.push_back(entry.kind + " | " + entry.what + " | " + entry.subject + " | " +
                        entry.actor + " | " + entry.why);
      }
    });
    return lines;
  }
  void append(const std::string& key, WallTime at) {
    write([&](Transaction& tx) {
      Event event;
      event.kind = EventKind::alert_firing;
      event.source = "am";
      event.dedupe_key = key;
      event.actor = "alertmanager";
      event.subject = "ErrorRatioHigh";
      append_event(tx, event, at);
    });
  }

  test::TemporaryFolder folder;
  std::unique_ptr<Database> database;
};

TEST_F(AuditTest, ADetailThatWasNotUnderstoodStandsBesideItsEvent) {
  write([](Transaction& tx) {
    Event event;
    event.kind = EventKind::deploy_requested;
    event.source = "ci";
    event.dedupe_key = "1";
    event.actor = "ada";
    event.release = "v2";
    event.details = read_release_details({{"digest", 1}, {"rollback_safe", "?"}});
    append_event(tx, event, kNow);
  });
  EXPECT_EQ(audit(), std::vector<std::string>{
                         "event | deploy_requested | v2 | ada | from ci, not understood: digest: "
                         "expected text, not understood: rollback_safe: expected true or false"});
}

TEST_F(AuditTest, ARollbackIsToldFromTheAlertToTheMessageInItsOrder) {
  append("a", kNow);
  write([](Transaction& tx) {
    append_decision(tx, {1, kNow, "act", "release_to_blame", "it began 10s after", "bad-release"});
    journal::Run run;
    run.event_id = 1;
    run.action = "rollback";
    run.release_from = "2";
    run.release_to = "1";
    run.rule = "bad-release";
    run.started_at = kNow;
    append_run(tx, run);
    const auto token = start_step(tx, 1, "switch", kNow);
    end_step(tx, token, kNow, "unknown", "cut off");
    record_finding(tx, token, kNow, "done", "1 is live");
    end_step(tx, start_step(tx, 1, "verify", kNow), kNow, "done", "200");
    open_deployment(tx, "2", "deploy", std::nullopt, kNow);
    mark_rolled_back(tx, 1, kNow, "it began 10s after");
    end_run(tx, 1, kNow, "done", "");
    OutboxRow message;
    message.created_at = kNow;
    message.run_id = 1;
    message.title = "shop: done";
    append_message(tx, message, {{"slack", {}}});
    mark_sent(tx, 1, kNow);
  });
  EXPECT_EQ(
      audit(),
      (std::vector<std::string>{
          "event | alert_firing | ErrorRatioHigh | alertmanager | from am",
          "decision | act | release_to_blame | rule bad-release | it began 10s after",
          "run | rollback started | 1 | rule bad-release | from release 2",
          "step | switch started | 1 | backstay | ",
          "step | switch unknown | 1 | backstay | cut off; found: 1 is live",
          "step | switch found done | 1 | backstay | cut off; found: 1 is live",
          "step | verify started | 1 | backstay | ", "step | verify done | 1 | backstay | 200",
          "release | failed | 2 | backstay | it began 10s after",
          "release | poisoned | 2 | backstay | it began 10s after",
          "run | rollback done | 1 | backstay | ", "notification | sent | shop: done | slack | "}));
}

TEST_F(AuditTest, ARefusalIsThereWithItsReason) {
  append("a", kNow);
  write([](Transaction& tx) {
    append_decision(tx, {1, kNow, "refuse", "no_good_release", "there is none", ""});
  });
  EXPECT_EQ(audit().back(), "decision | refuse | no_good_release | policy | there is none");
}

TEST_F(AuditTest, ARepeatedDeliveryIsCounted) {
  for (int i = 0; i < 3; ++i) append("a", kNow + seconds(i));
  EXPECT_EQ(audit(),
            std::vector<std::string>{
                "event | alert_firing | ErrorRatioHigh | alertmanager | from am, delivered "
                "3 times"});
}

TEST_F(AuditTest, WhatAPersonDidToAReleaseIsThereWithTheReason) {
  write([](Transaction& tx) { adopt(tx, "1", kNow, "ada", "the first"); });
  EXPECT_EQ(audit(), std::vector<std::string>{"release | adopted | 1 | ada | the first"});
}

TEST_F(AuditTest, AMessageThatWasGivenUpIsThereWithItsError) {
  write([](Transaction& tx) {
    OutboxRow message;
    message.created_at = kNow;
    message.title = "shop: done";
    append_message(tx, message, {{"slack", {}}});
    mark_given_up(tx, 1, kNow, "Slack answers 404");
  });
  EXPECT_EQ(audit(), std::vector<std::string>{
                         "notification | given up | shop: done | slack | Slack answers 404"});
}

TEST_F(AuditTest, GoesBackAsFarAsIsAskedFor) {
  append("a", kNow);
  append("b", kNow + seconds(10));
  EXPECT_EQ(audit().size(), 2u);
  EXPECT_EQ(audit(kNow + seconds(10)).size(), 1u);
  EXPECT_EQ(audit(kNow + seconds(11)).size(), 0u);
}

TEST_F(AuditTest, GoesOnFromWhereAnAnswerEnded) {
  for (int i = 0; i < 3; ++i) append(std::to_string(i), kNow + seconds(i));
  AuditPage page;
  write([&](Transaction& tx) { page = read_audit(tx, {WallTime(), kNow + seconds(1), 2}); });
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.entries[1].event_id, 2) << "what happened at that very time is there";
  EXPECT_FALSE(page.is_truncated);
}

TEST_F(AuditTest, OfTooManyTheNewestAreShownOldestFirst) {
  for (int i = 0; i < 5; ++i) append(std::to_string(i), kNow + seconds(i));
  AuditPage page;
  write([&](Transaction& tx) { page = read_audit(tx, {WallTime(), std::nullopt, 2}); });
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.entries[0].event_id, 4);
  EXPECT_EQ(page.entries[1].event_id, 5);
  EXPECT_LT(page.entries[0].at, page.entries[1].at);
  EXPECT_TRUE(page.is_truncated);
  write([&](Transaction& tx) { page = read_audit(tx, {WallTime(), std::nullopt, 5}); });
  EXPECT_FALSE(page.is_truncated) << "there is no sixth";
}

TEST_F(AuditTest, OfMoreThanThereIsRoomForTheNewestAreShown) {
  for (int i = 0; i < 5; ++i) append(std::to_string(i), kNow + seconds(i));
  AuditPage page;
  const std::size_t room = 3 * sizeof(AuditEntry);
  write([&](Transaction& tx) { page = read_audit(tx, {WallTime(), std::nullopt, 1000, room}); });
  ASSERT_EQ(page.entries.size(), 2u) << "their texts take room too";
  EXPECT_EQ(page.entries[1].event_id, 5);
  EXPECT_TRUE(page.is_truncated);
  write([&](Transaction& tx) { page = read_audit(tx, {WallTime(), std::nullopt, 1000, 1}); });
  EXPECT_EQ(page.entries.size(), 1u) << "one is always shown";
}

TEST_F(AuditTest, AnEntryLeadsToItsEventItsRunAndItsToken) {
  append("a", kNow);
  write([](Transaction& tx) {
    append_decision(tx, {1, kNow, "act", "asked", "", "r"});
    journal::Run run;
    run.event_id = 1;
    run.action = "backup";
    run.started_at = kNow;
    append_run(tx, run);
    start_step(tx, 1, "backup", kNow);
    const auto entries = read_audit(tx, {}).entries;
    ASSERT_EQ(entries.size(), 4u);
    EXPECT_EQ(entries[0].event_id, 1);
    EXPECT_EQ(entries[0].run_id, 0);
    EXPECT_EQ(entries[1].run_id, 1);
    EXPECT_EQ(entries[3].run_id, 1);
    EXPECT_EQ(entries[3].token, 1);
  });
}

}  // namespace
}  // namespace backstay::journal
