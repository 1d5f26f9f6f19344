#include "receiver/intake/event_queue.h"

#include <gtest/gtest.h>

#include "receiver/journal/event_log.h"
#include "tests/manual_clock.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

// A journal with room for three events.
struct EventQueueTest : ::testing::Test {
  EventQueueTest() {
    auto opened = journal::Database::open(folder.path("journal.db"));
    if (opened) database = std::move(*opened);
    queue = std::make_unique<EventQueue>(*database, clock, 3);
  }
  static Event event(const std::string& key) {
    Event event;
    event.kind = EventKind::deploy_started;
    event.source = "ci";
    event.dedupe_key = key;
    event.release = "2";
    return event;
  }
  intake::Appended append(const std::vector<std::string>& keys) const {
    std::vector<Event> events;
    for (const std::string& key : keys) events.push_back(event(key));
    const auto appended = queue->append(events);
    EXPECT_TRUE(appended);
    return appended ? *appended : intake::Appended{};
  }
  void decide_the_oldest() const {
    ASSERT_TRUE(database->write([&](journal::Transaction& tx) {
      const auto next = journal::next_undecided(tx, clock.now());
      ASSERT_TRUE(next);
      journal::append_decision(tx, {next->id, clock.now(), "noted", "noted", "", ""});
    }));
  }
  std::int64_t events_on_disk() const {
    std::int64_t count = 0;
    EXPECT_TRUE(database->read([&](journal::Transaction& tx) {
      journal::Statement rows = tx.prepare("SELECT count(*) FROM events");
      if (rows.next()) count = rows.integer(0);
    }));
    return count;
  }

  test::TemporaryFolder folder;
  test::ManualClock clock;
  std::unique_ptr<journal::Database> database;
  std::unique_ptr<EventQueue> queue;
};

TEST_F(EventQueueTest, TakesWhatThereIsRoomForAndNoMore) {
  EXPECT_EQ(append({"a", "b", "a"}).stored, 2);
  EXPECT_EQ(append({"c"}).stored, 1);
  EXPECT_TRUE(append({"d"}).is_full);
  EXPECT_EQ(events_on_disk(), 3);
}

TEST_F(EventQueueTest, AllOfADeliveryOrNothing) {
  append({"a", "b"});
  const intake::Appended appended = append({"c", "d"});
  EXPECT_TRUE(appended.is_full);
  EXPECT_EQ(appended.stored, 0);
  EXPECT_EQ(events_on_disk(), 2);
}

// Of a delivery that is partly there nothing is lost: its sender comes again with all of it.
TEST_F(EventQueueTest, WhatIsThereAlreadyMakesNoRoomForTheRest) {
  append({"a", "b", "c"});
  const intake::Appended appended = append({"a", "d"});
  EXPECT_TRUE(appended.is_full);
  EXPECT_EQ(appended.stored + appended.duplicates, 0);
  EXPECT_EQ(events_on_disk(), 3);
}

TEST_F(EventQueueTest, WhatCannotBeWrittenIsAnError) {
  database->on_commit([]() { throw std::runtime_error("database or disk is full"); });
  EXPECT_FALSE(queue->append({event("a")}));
  database->on_commit(nullptr);
  EXPECT_EQ(append({"a", "b", "c"}).stored, 3);
}

// Anything but 2xx for a duplicate, and its sender never ends.
TEST_F(EventQueueTest, WhatIsThereAlreadyNeedsNoRoom) {
  append({"a", "b", "c"});
  const intake::Appended appended = append({"a", "c"});
  EXPECT_FALSE(appended.is_full);
  EXPECT_EQ(appended.duplicates, 2);
}

TEST_F(EventQueueTest, ADecisionMakesRoom) {
  append({"a", "b", "c"});
  ASSERT_TRUE(append({"d"}).is_full);
  decide_the_oldest();
  EXPECT_EQ(append({"d"}).stored, 1);
  EXPECT_TRUE(append({"e"}).is_full);
}

TEST_F(EventQueueTest, WhatWaitedBeforeARestartCounts) {
  append({"a", "b"});
  queue = std::make_unique<EventQueue>(*database, clock, 3);
  EXPECT_EQ(append({"c"}).stored, 1);
  EXPECT_TRUE(append({"d"}).is_full);
}

}  // namespace
}  // namespace backstay
