#include <map>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "exporter/requests/error_tracker.h"
#include "tests/unit/exporter/tracked_errors.h"

namespace backstay::requests {
namespace {

ErrorTracker some_errors() {
  ErrorTracker tracker({5, 5});
  for (std::size_t i = 1; i <= 12; ++i)
    tracker.observe(message(name(i)), kNow + static_cast<int>(i));
  formats::AccessEvent event;
  event.method = "GET";
  event.status = 500;
  event.duration_seconds = 1.5;
  tracker.observe(event, "/a", kNow + 20);
  return tracker;
}

TEST(ErrorState, WhatIsSavedIsLoaded) {
  ErrorTracker tracker = some_errors();
  const std::string record = saved(tracker);
  RecordReader reader(record);
  ErrorTracker loaded({5, 5});
  ASSERT_TRUE(loaded.load(reader));
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(values(loaded), values(tracker));
  EXPECT_EQ(loaded.to_json(kNow), tracker.to_json(kNow));
  EXPECT_EQ(saved(loaded), record);
  for (std::size_t i = 1; i <= 12; ++i) {
    loaded.observe(message(name(i)), kNow + 100);
    tracker.observe(message(name(i)), kNow + 100);
  }
  EXPECT_EQ(values(loaded), values(tracker));  // the same ones are known
}

TEST(ErrorState, SmallerLimitsHoldForWhatIsLoaded) {
  const std::string record = saved(some_errors());
  RecordReader reader(record);
  ErrorTracker loaded({2, 3});
  ASSERT_TRUE(loaded.load(reader));
  EXPECT_EQ(errors(loaded).size(), 2U);
  EXPECT_EQ(errors(loaded)[0]["title"], "GET /a 500");
}

TEST(ErrorState, ADamagedRecordIsRefusedAndLeavesItEmpty) {
  const std::string record = saved(some_errors());
  const auto refuses = [](const std::string& damaged) {
    RecordReader reader(damaged);
    ErrorTracker tracker = some_errors();
    return !tracker.load(reader) && errors(tracker).empty() && values(tracker).size() == 2;
  };
  for (std::size_t size = 0; size < record.size(); size += 3) {
    ASSERT_TRUE(refuses(record.substr(0, size))) << size;
  }
  std::mt19937 random(7);
  for (std::size_t at = 0; at < record.size(); ++at) {
    std::string damaged = record;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    ASSERT_TRUE(refuses(damaged)) << at;
  }
}

}  // namespace
}  // namespace backstay::requests
