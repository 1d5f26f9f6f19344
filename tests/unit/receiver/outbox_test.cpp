#include "receiver/journal/outbox.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "receiver/channels/outbox_sender.h"
#include "tests/manual_clock.h"
#include "tests/temporary_folder.h"
#include "tests/unit/receiver/older_journal.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct KeepingChannel final : Channel {
  [[nodiscard]] std::string name() const override { return "slack"; }
  Result<void> send(const Message& message) override {
    if (is_down) return fail("connection refused");
    told.push_back(message.title + " | " + message.text);
    return {};
  }
  bool is_down = false;
  std::vector<std::string> told;
};

struct OutboxTest : ::testing::Test {
  OutboxTest() {
    auto opened = journal::Database::open(folder.path("journal.db"));
    if (opened) database = std::move(*opened);
    auto keeping = std::make_unique<KeepingChannel>();
    channel = keeping.get();
    std::vector<std::unique_ptr<Channel>> channels;
    channels.push_back(std::move(keeping));
    sender = std::make_unique<OutboxSender>(std::move(channels), "shop", *database, clock);
  }
  void tell(const std::string& text, const std::string& group,
            const std::string& severity = "info") {
    const auto written = database->write([&](journal::Transaction& tx) {
      journal::OutboxRow row;
      row.created_at = clock.now();
      row.severity = severity;
      row.title = "refused";
      row.text = text;
      row.group_key = group;
      append_message(tx, row, {audience});
    });
    ASSERT_TRUE(written) << written.error().message;
  }
  std::vector<std::string> sent() {
    while (sender->send_one()) {
    }
    return std::exchange(channel->told, {});
  }
  using Told = std::vector<std::string>;

  test::TemporaryFolder folder;
  test::ManualClock clock;
  std::unique_ptr<journal::Database> database;
  KeepingChannel* channel = nullptr;
  std::unique_ptr<OutboxSender> sender;
  journal::Audience audience{"slack", {}, minutes(5)};
};

TEST_F(OutboxTest, FiftyOfOneKindAreOneAtOnceAndOneWithTheirNumber) {
  tell("alert 1", "cooldown");
  EXPECT_EQ(sent(), (Told{"refused | alert 1"}));
  for (int i = 2; i <= 50; ++i) {
    clock.advance(seconds(1));
    tell("alert " + std::to_string(i), "cooldown");
    EXPECT_EQ(sent(), Told{});
  }
  clock.advance(minutes(5));
  EXPECT_EQ(sent(), (Told{"refused, 49 times more | 49 times since 2026-11-23T08:00:01.000Z. The "
                          "last: alert 50"}));
  clock.advance(hours(1));
  EXPECT_EQ(sent(), Told{});
}

TEST_F(OutboxTest, WhatWasWrittenBeforeTheClockWasSetBackIsToldAtOnce) {
  tell("a rollback", "");
  clock.advance(-hours(1));
  EXPECT_EQ(sent(), (Told{"refused | a rollback"}));
}

TEST_F(OutboxTest, WhatWasTriedOrFoldedBeforeTheClockWasSetBackIsToldAtOnce) {
  tell("alert 1", "cooldown");
  tell("alert 2", "cooldown");
  channel->is_down = true;
  EXPECT_EQ(sent(), Told{});
  clock.advance(-hours(1));
  channel->is_down = false;
  EXPECT_EQ(sent().size(), 2U);
}

TEST_F(OutboxTest, AClockThatIsSetBackALittleEndsNoWindow) {
  tell("alert 1", "cooldown");
  EXPECT_EQ(sent().size(), 1U);
  tell("alert 2", "cooldown");
  clock.advance(-minutes(4));
  EXPECT_EQ(sent(), Told{});
}

TEST_F(OutboxTest, AStormThatLastsIsOneMessageAWindow) {
  Told told;
  for (int second = 0; second < 3600; ++second) {
    tell("alert", "cooldown");
    for (const std::string& message : sent()) told.push_back(message);
    clock.advance(seconds(1));
  }
  EXPECT_EQ(told.size(), 12U);
  clock.advance(minutes(5));
  EXPECT_EQ(sent().size(), 1U) << "what is left";
}

TEST_F(OutboxTest, OneThatComesAgainWithinTheWindowIsNoNumber) {
  tell("first", "cooldown");
  sent();
  clock.advance(minutes(1));
  tell("second", "cooldown");
  clock.advance(minutes(4));
  EXPECT_EQ(sent(), (Told{"refused | second"}));
}

TEST_F(OutboxTest, AfterAQuietWindowTheNextIsToldAtOnce) {
  tell("first", "cooldown");
  sent();
  clock.advance(minutes(5));
  tell("second", "cooldown");
  EXPECT_EQ(sent(), (Told{"refused | second"}));
}

TEST_F(OutboxTest, KindsAreCountedApartAndWhatIsNewsIsNeverHeldBack) {
  for (int i = 0; i < 3; ++i) {
    tell("a", "cooldown");
    tell("b", "no data");
    tell("c", "");
  }
  EXPECT_EQ(sent().size(), 5U) << "one of each kind, and three of none";
  audience.group_window = milliseconds(0);
  tell("a", "cooldown");
  EXPECT_EQ(sent().size(), 1U) << "without a window nothing is grouped";
}

// The text of one that was tried may have arrived: another with the same key would be lost there.
TEST_F(OutboxTest, ASummaryThatWasTriedStaysAsItIs) {
  tell("1", "cooldown");
  sent();
  tell("2", "cooldown");
  clock.advance(minutes(5));
  channel->is_down = true;
  EXPECT_EQ(sent(), Told{});
  tell("3", "cooldown");
  channel->is_down = false;
  clock.advance(minutes(1));
  EXPECT_EQ(sent(), (Told{"refused | 2"}));
  clock.advance(minutes(5));
  EXPECT_EQ(sent(), (Told{"refused | 3"}));
}

TEST_F(OutboxTest, AClockThatWasSetBackHoldsNothingBack) {
  clock.advance(hours(24));
  tell("1", "cooldown");
  sent();
  clock.advance(-hours(24));
  tell("2", "cooldown");
  EXPECT_EQ(sent(), (Told{"refused | 2"}));
}

TEST_F(OutboxTest, AJournalFromBeforeThereWereGroupsGoesOn) {
  tell("from before", "");
  ASSERT_TRUE(database->write([](journal::Transaction& tx) {
    for (const std::string& sql : test::undo_to(3)) tx.prepare(sql).run();
  }));
  sender.reset();
  database.reset();
  auto opened = journal::Database::open(folder.path("journal.db"));
  ASSERT_TRUE(opened) << opened.error().message;
  database = std::move(*opened);
  auto keeping = std::make_unique<KeepingChannel>();
  channel = keeping.get();
  std::vector<std::unique_ptr<Channel>> channels;
  channels.push_back(std::move(keeping));
  sender = std::make_unique<OutboxSender>(std::move(channels), "shop", *database, clock);
  tell("1", "cooldown");
  tell("2", "cooldown");
  EXPECT_EQ(sent(), (Told{"refused | from before", "refused | 1"}));
}

TEST_F(OutboxTest, AChannelGetsTheSeveritiesThatItAskedFor) {
  audience.severities = {"error", "critical"};
  for (const char* severity : {"info", "warning", "error", "critical"}) {
    tell(severity, "", severity);
  }
  EXPECT_EQ(sent(), (Told{"refused | error", "refused | critical"}));
}

}  // namespace
}  // namespace backstay
