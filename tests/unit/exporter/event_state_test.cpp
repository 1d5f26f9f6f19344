#include "exporter/collectors/events/event_state.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "exporter/collectors/events/event_store.h"
#include "tests/temporary_folder.h"

namespace backstay::collectors {
namespace {

using std::chrono::microseconds;

EventSpec counter() {
  EventSpec spec;
  spec.name = "a_total";
  spec.table = "t";
  spec.time = "at";
  spec.labels = {{"x", "x"}};
  return spec;
}

EventTotals some_totals() {
  EventTotals totals;
  totals.final_before = EventTime(microseconds(1'795'420'800'250'007));
  totals.seen = {EventTime(microseconds(1'795'420'860'000'001)),
                 EventTime(microseconds(1'795'420'860'000'003)),
                 EventTime(microseconds(1'795'420'920'000'001))};
  totals.is_full = true;
  totals.late_events = 3;
  totals.vanished_events = 4;
  totals.recounted_at = WallTime(std::chrono::milliseconds(1'795'420'800'000));
  totals.series[{"a \"b\"\nü"}] = {{1}, {9'007'199'254'740'991}, {3}, {5}, {4.25}};
  return totals;
}

// What is wrong with a text, or nothing.
std::string fault_of(const std::string& text) {
  const auto read = read_event_state(counter(), text);
  return read ? "" : to_string(read.error());
}

TEST(EventStateTest, ReadsWhatItWrote) {
  const auto read = read_event_state(counter(), write_event_state(counter(), some_totals()));
  ASSERT_TRUE(read);
  const EventTotals before = some_totals();
  EXPECT_EQ(read->final_before, before.final_before);
  EXPECT_EQ(read->seen.before, before.seen.before);
  EXPECT_EQ(read->seen.ahead_before, before.seen.ahead_before);
  EXPECT_EQ(read->seen.far_from, before.seen.far_from);
  EXPECT_EQ(read->is_full, before.is_full);
  EXPECT_EQ(read->late_events, before.late_events);
  EXPECT_EQ(read->vanished_events, before.vanished_events);
  EXPECT_EQ(read->recounted_at, before.recounted_at);
  ASSERT_EQ(read->series.size(), 1U);
  const auto& [labels, series] = *read->series.begin();
  EXPECT_EQ(labels, LabelValues{"a \"b\"\nü"});
  EXPECT_EQ(series.base, Components{1});
  EXPECT_EQ(series.below, Components{9'007'199'254'740'991});
  EXPECT_EQ(series.recent, Components{3});
  EXPECT_EQ(series.ahead, Components{5});
  EXPECT_EQ(series.shown, Components{4.25});
}

TEST(EventStateTest, WhatIsNotKnownStaysSo) {
  const auto read = read_event_state(counter(), write_event_state(counter(), {}));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->final_before);
  EXPECT_FALSE(read->seen.before);
  EXPECT_FALSE(read->seen.ahead_before);
  EXPECT_FALSE(read->seen.far_from);
  EXPECT_FALSE(read->recounted_at);
}

// Files were written before there was a word of what is ahead of the clock.
TEST(EventStateTest, GoesOnWithoutWhatWasAhead) {
  std::string text = write_event_state(counter(), some_totals());
  for (const char* gone : {"\"ahead\":[5.0],", "\"ahead_before_us\":1795420860000003,",
                           "\"far_from_us\":1795420920000001,"}) {
    ASSERT_NE(text.find(gone), std::string::npos) << text;
    text.erase(text.find(gone), std::string(gone).size());
  }
  const auto read = read_event_state(counter(), text);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->seen.before);
  EXPECT_FALSE(read->seen.ahead_before);
  EXPECT_FALSE(read->seen.far_from);
  EXPECT_EQ(read->series.begin()->second.ahead, Components{0});
}

TEST(EventStateTest, DamageIsNoticed) {
  const std::string good = write_event_state(counter(), some_totals());
  EXPECT_EQ(fault_of(good), "");
  EXPECT_EQ(fault_of(""), "damaged");
  EXPECT_EQ(fault_of("{}"), "damaged");
  EXPECT_EQ(fault_of("[1]"), "damaged");
  EXPECT_EQ(fault_of(std::string(good.size(), '\0')), "damaged");
  for (std::size_t length = 0; length < good.size() - 1; ++length) {
    EXPECT_EQ(fault_of(good.substr(0, length)), "damaged") << length;
  }
  std::string negative = good;
  negative.replace(negative.find("[4.25]"), 6, "[-4.2]");
  EXPECT_EQ(fault_of(negative), "damaged");
}

TEST(EventStateTest, TotalsOfSomethingElseAreNotGoneOnWith) {
  EventSpec spec = counter();
  spec.where = "x <> 'test'";
  const auto read = read_event_state(spec, write_event_state(counter(), some_totals()));
  ASSERT_FALSE(read);
  EXPECT_EQ(to_string(read.error()), "definition_changed");
}

TEST(EventStateTest, AFormatOfTheFutureIsNotTouched) {
  std::string newer = write_event_state(counter(), some_totals());
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
  EXPECT_EQ(fault_of(newer), "too_new");
}

struct FolderEventStoreTest : ::testing::Test {
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  test::TemporaryFolder folder;
  FolderEventStore store{folder.path("state/events")};
};

TEST_F(FolderEventStoreTest, KeepsAFileForEachName) {
  EXPECT_EQ(*store.load("a"), std::nullopt);
  ASSERT_TRUE(store.save("a", "1"));
  ASSERT_TRUE(store.save("b", "2"));
  ASSERT_TRUE(store.save("a", "3"));
  EXPECT_EQ(*FolderEventStore(folder.path("state/events")).load("a"), "3");
  EXPECT_EQ(content(folder.path("state/events/b.json")), "2");
}

TEST_F(FolderEventStoreTest, WhatIsSetAsideIsNeverOverwritten) {
  ASSERT_TRUE(store.save("a", "first"));
  EXPECT_EQ(*store.set_aside("a", "damaged"), folder.path("state/events/a.json.damaged"));
  EXPECT_EQ(*store.load("a"), std::nullopt);
  ASSERT_TRUE(store.save("a", "second"));
  EXPECT_EQ(*store.set_aside("a", "damaged"), folder.path("state/events/a.json.damaged.1"));
  EXPECT_EQ(content(folder.path("state/events/a.json.damaged")), "first");
}

}  // namespace
}  // namespace backstay::collectors
