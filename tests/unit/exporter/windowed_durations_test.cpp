#include "exporter/requests/windowed_durations.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

constexpr std::int64_t kStart = 1'795'615'200'000;  // a whole minute
constexpr std::int64_t kHour = 60 * kSlotMs;
constexpr std::int64_t kForever = std::int64_t{1} << 60;

struct Request {
  std::int64_t time_ms;
  int status;
  std::optional<double> seconds;
};

WindowTotals totals_of(const WindowedDurations& requests, std::int64_t from_ms = 0,
                       std::int64_t to_ms = kForever) {
  WindowTotals totals;
  requests.add_to(totals, from_ms, to_ms);
  return totals;
}

std::uint64_t count_of(const WindowedDurations& requests, std::int64_t from_ms = 0,
                       std::int64_t to_ms = kForever) {
  return totals_of(requests, from_ms, to_ms).counts.count;
}

std::uint64_t sketched(const WindowTotals& totals) {
  return std::accumulate(totals.buckets.begin(), totals.buckets.end(), std::uint64_t{0});
}

void expect_same(const WindowedDurations& a, const WindowedDurations& b) {
  EXPECT_EQ(a.first_ms(), b.first_ms());
  for (std::int64_t slot = kStart - 2 * kHour; slot < kStart + 4 * kHour; slot += kSlotMs) {
    const WindowTotals of_a = totals_of(a, slot, slot);
    const WindowTotals of_b = totals_of(b, slot, slot);
    EXPECT_EQ(of_a.counts.count, of_b.counts.count) << (slot - kStart) / kSlotMs;
    EXPECT_EQ(of_a.counts.errors, of_b.counts.errors);
    EXPECT_EQ(of_a.counts.timed, of_b.counts.timed);
    EXPECT_EQ(of_a.counts.min, of_b.counts.min);
    EXPECT_EQ(of_a.counts.max, of_b.counts.max);
    EXPECT_NEAR(of_a.counts.sum, of_b.counts.sum, 1e-9 * (1 + of_a.counts.sum));
    EXPECT_EQ(of_a.buckets, of_b.buckets) << (slot - kStart) / kSlotMs;
  }
}

// An hour and a half of requests, some late by minutes, some by more than the hour.
std::vector<Request> random_requests(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> seconds(-4, 1.5);
  std::vector<Request> requests;
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t time_ms = kStart + static_cast<std::int64_t>(i * (kHour + kHour / 2) / count);
    if (random() % 4 == 0) time_ms -= static_cast<std::int64_t>(random() % (2 * kSlotMs));
    if (random() % 50 == 0) time_ms -= static_cast<std::int64_t>(random() % (2 * kHour));
    const int status = random() % 10 == 0 ? 500 : 200;
    requests.push_back(
        {time_ms, status, random() % 8 == 0 ? std::nullopt : std::optional(seconds(random))});
  }
  return requests;
}

TEST(WindowedDurationsTest, CountsWhatItObserves) {
  WindowedDurations requests;
  EXPECT_EQ(requests.first_ms(), std::nullopt);
  EXPECT_TRUE(requests.observe(kStart, 200, 0.5));
  EXPECT_TRUE(requests.observe(kStart + 1, 499, 0.25));
  EXPECT_TRUE(requests.observe(kStart + 2, 500, 2.0));
  EXPECT_TRUE(requests.observe(kStart + 3, 599, std::nullopt));
  const WindowTotals totals = totals_of(requests);
  EXPECT_EQ(totals.counts.count, 4U);
  EXPECT_EQ(totals.counts.errors, 2U);
  EXPECT_EQ(totals.counts.timed, 3U);
  EXPECT_EQ(totals.counts.sum, 2.75);
  EXPECT_EQ(totals.counts.min, 0.25);
  EXPECT_EQ(totals.counts.max, 2.0);
  EXPECT_EQ(sketched(totals), 3U);
  EXPECT_EQ(requests.first_ms(), kStart);
}

TEST(WindowedDurationsTest, WhatIsNoDurationIsARequestWithoutOne) {
  WindowedDurations requests;
  for (const double seconds : {-1.0, std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity(), 1e300}) {
    requests.observe(kStart, 200, seconds);
  }
  EXPECT_EQ(totals_of(requests).counts.count, 4U);
  EXPECT_EQ(totals_of(requests).counts.timed, 0U);
}

TEST(WindowedDurationsTest, ARequestIsInTheSlotOfItsMinute) {
  WindowedDurations requests;
  requests.observe(kStart - 1, 200, 0.1);
  requests.observe(kStart, 200, 0.1);
  requests.observe(kStart + kSlotMs - 1, 200, 0.1);
  requests.observe(kStart + kSlotMs, 200, 0.1);
  EXPECT_EQ(count_of(requests, kStart, kStart), 2U);
  EXPECT_EQ(count_of(requests, kStart - 1, kStart), 3U) << "a slot that is touched counts whole";
  EXPECT_EQ(count_of(requests, kStart + kSlotMs - 1, kStart + kSlotMs), 3U);
  EXPECT_EQ(count_of(requests, kStart + kSlotMs, kForever), 1U);
  EXPECT_EQ(count_of(requests, 0, kStart - kSlotMs - 1), 0U);
}

TEST(WindowedDurationsTest, LateRequestsGoWhereTheyBelong) {
  WindowedDurations requests;
  requests.observe(kStart + 10 * kSlotMs, 200, 0.1);
  requests.observe(kStart + 5 * kSlotMs, 500, 0.2);  // a minute that had none
  requests.observe(kStart + 10 * kSlotMs, 200, 0.3);
  requests.observe(kStart + 5 * kSlotMs + 1, 200, 0.4);
  const WindowTotals late = totals_of(requests, kStart + 5 * kSlotMs, kStart + 5 * kSlotMs);
  EXPECT_EQ(late.counts.count, 2U);
  EXPECT_EQ(late.counts.errors, 1U);
  EXPECT_EQ(late.buckets[bucket_of(0.2)], 1U);
  EXPECT_EQ(late.buckets[bucket_of(0.4)], 1U);
  EXPECT_EQ(count_of(requests), 4U);
  EXPECT_EQ(requests.first_ms(), kStart + 5 * kSlotMs);
}

TEST(WindowedDurationsTest, WhatIsOlderThanTheHourIsDropped) {
  WindowedDurations requests;
  requests.observe(kStart + kHour, 200, 0.1);
  EXPECT_TRUE(requests.observe(kStart, 200, 0.1)) << "the hour touches 61 minutes";
  EXPECT_FALSE(requests.observe(kStart - 1, 200, 0.1));
  EXPECT_FALSE(requests.observe(-1, 200, 0.1));
  EXPECT_EQ(count_of(requests), 2U);
  EXPECT_EQ(requests.first_ms(), kStart - 1) << "it is known that there was one";
}

TEST(WindowedDurationsTest, TheNewestRequestMovesTheHour) {
  WindowedDurations requests;
  for (int minute = 0; minute < 200; ++minute) {
    requests.observe(kStart + minute * kSlotMs, 200, 0.1);
  }
  EXPECT_EQ(count_of(requests), static_cast<std::uint64_t>(kSlots));
  requests.observe(kStart + 200 * kSlotMs + 2 * kHour, 200, 0.1);
  EXPECT_EQ(count_of(requests), 1U);
}

TEST(WindowedDurationsTest, ForgetFreesWhatTimeHasPassedBy) {
  WindowedDurations requests;
  for (int i = 0; i < 1000; ++i) requests.observe(kStart + i % 2 * kSlotMs, 200, 0.1);
  const std::size_t open = requests.bytes();
  requests.forget(kStart + 3 * kSlotMs);
  EXPECT_LT(requests.bytes(), open) << "minutes that are over are packed";
  EXPECT_EQ(sketched(totals_of(requests)), 1000U);
  requests.forget(kStart + kHour);
  EXPECT_EQ(count_of(requests), 1000U);
  requests.forget(kStart + kHour + kSlotMs);
  EXPECT_EQ(count_of(requests), 500U);
  requests.forget(kStart + 3 * kHour);
  EXPECT_EQ(count_of(requests), 0U);
  EXPECT_EQ(requests.bytes(), WindowedDurations().bytes());
  EXPECT_EQ(requests.first_ms(), kStart);
  EXPECT_TRUE(requests.observe(kStart + 3 * kHour, 200, 0.1));
}

TEST(WindowedDurationsTest, CountsMoreThanSixteenBitsInOneBucket) {
  WindowedDurations requests;
  for (int i = 0; i < 200'000; ++i) requests.observe(kStart, 200, 0.1);
  EXPECT_EQ(totals_of(requests).buckets[bucket_of(0.1)], 200'000U);
}

TEST(WindowedDurationsTest, WhateverTheOrderEachSlotHasItsOwn) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::vector<Request> all = random_requests(seed, 20'000);
    WindowedDurations requests;
    for (const Request& each : all) requests.observe(each.time_ms, each.status, each.seconds);
    const std::int64_t newest =
        std::max_element(all.begin(), all.end(), [](const Request& a, const Request& b) {
          return a.time_ms < b.time_ms;
        })->time_ms;
    const std::int64_t first_slot = newest - newest % kSlotMs - kHour;
    for (std::int64_t slot = first_slot; slot <= newest; slot += kSlotMs) {
      WindowTotals expected;
      for (const Request& each : all) {
        if (each.time_ms < slot || each.time_ms >= slot + kSlotMs) continue;
        ++expected.counts.count;
        if (each.seconds) ++expected.buckets[bucket_of(*each.seconds)];
      }
      const WindowTotals found = totals_of(requests, slot, slot);
      ASSERT_EQ(found.counts.count, expected.counts.count);
      ASSERT_EQ(found.buckets, expected.buckets);
    }
    EXPECT_EQ(count_of(requests, 0, first_slot - 1), 0U);
  }
}

TEST(WindowedDurationsTest, MergedIsAsIfObservedTogether) {
  for (const unsigned seed : {4U, 5U, 6U, 7U}) {
    const std::vector<Request> all = random_requests(seed, 5000);
    WindowedDurations together;
    WindowedDurations one;
    WindowedDurations other;
    std::mt19937 random(seed);
    for (const Request& each : all) {
      together.observe(each.time_ms, each.status, each.seconds);
      // The other one has seen less and less.
      const bool is_early = each.time_ms < kStart + kHour && random() % 2 == 0;
      (is_early ? other : one).observe(each.time_ms, each.status, each.seconds);
    }
    WindowedDurations merged = one;
    merged.merge(other);
    expect_same(merged, together);
    merged = other;
    merged.merge(one);
    expect_same(merged, together);
    merged.merge(WindowedDurations());
    expect_same(merged, together);
  }
}

// Routes with an hour of so many requests a minute, each around its own median.
std::vector<WindowedDurations> routes_with(std::size_t routes, int per_minute) {
  std::mt19937 random(11);
  std::lognormal_distribution<double> spread(0, 1);
  std::vector<double> spreads(10'007);
  for (double& each : spreads) each = spread(random);
  std::vector<WindowedDurations> all(routes);
  std::size_t next = 0;
  for (int minute = 0; minute < kSlots; ++minute) {
    for (std::size_t i = 0; i < routes; ++i) {
      const double median = 0.002 * static_cast<double>(1 + i % 100);
      for (int n = 0; n < per_minute; ++n) {
        all[i].observe(kStart + minute * kSlotMs + n * kSlotMs / per_minute, 200,
                       median * spreads[next++ % spreads.size()]);
      }
    }
  }
  return all;
}

std::size_t bytes_of(const std::vector<WindowedDurations>& all) {
  return std::accumulate(all.begin(), all.end(), std::size_t{0},
                         [](std::size_t sum, const auto& each) { return sum + each.bytes(); });
}

TEST(WindowedDurationsTest, AnHourOfABusyRouteTakesFewBytes) {
  // What 200 of them take is 200 times that: below 3 MB.
  EXPECT_LE(bytes_of(routes_with(4, 600)), 4U * 15'000U);
  EXPECT_LE(bytes_of(routes_with(4, 60)), 4U * 8'000U);
  EXPECT_LE(bytes_of(routes_with(4, 6)), 4U * 5'000U);
  EXPECT_LE(WindowedDurations().bytes(), 200U);
}

TEST(WindowedDurationsTest, TakesNoMemoryForMoreRequestsInABusyMinute) {
  WindowedDurations requests;
  for (int i = 0; i < 100; ++i) requests.observe(kStart, 200, 0.001 * i);
  const std::size_t before = requests.bytes();
  for (int i = 0; i < 50'000; ++i) requests.observe(kStart + 1, 200, 0.0001 * i);
  EXPECT_EQ(requests.bytes(), before);
}

TEST(WindowedDurationsTest, LateRequestsTakeBoundedMemory) {
  WindowedDurations requests;
  requests.observe(kStart + kHour, 200, 0.1);
  for (int i = 0; i < 100'000; ++i) requests.observe(kStart + i % 60 * kSlotMs, 200, 0.1);
  EXPECT_LE(requests.bytes(), 61U * 64U + 4096U);
  EXPECT_EQ(sketched(totals_of(requests)), 100'001U);
}

TEST(WindowedDurationsTest, ShrinkGivesUpTheOldestSketchesAndNoCount) {
  WindowedDurations requests = std::move(routes_with(1, 600).front());
  const WindowTotals before = totals_of(requests);
  const std::size_t target = requests.bytes() - 3000;
  requests.shrink(target);
  EXPECT_LE(requests.bytes(), target);
  EXPECT_GE(requests.bytes(), target - 300) << "no more than it must";
  const WindowTotals after = totals_of(requests);
  EXPECT_EQ(after.counts.count, before.counts.count);
  EXPECT_EQ(after.counts.sum, before.counts.sum);
  ASSERT_TRUE(after.sketched_from_ms);
  const WindowTotals newer = totals_of(requests, *after.sketched_from_ms);
  EXPECT_EQ(sketched(newer), newer.counts.timed);
  EXPECT_EQ(sketched(newer), sketched(after));
  EXPECT_FALSE(newer.sketched_from_ms);

  requests.observe(kStart + kSlotMs, 200, 0.1);  // late, for a slot without a sketch
  EXPECT_EQ(totals_of(requests).counts.count, before.counts.count + 1);

  WindowedDurations merged;
  merged.merge(requests);
  EXPECT_EQ(totals_of(merged).sketched_from_ms, after.sketched_from_ms);
}

TEST(WindowedDurationsTest, AllRoutesTogetherStayWithinTheirBound) {
  std::vector<WindowedDurations> all = routes_with(20, 60);
  std::vector<WindowedDurations> busy = routes_with(20, 1200);
  const std::size_t quiet_bytes = bytes_of(all);
  std::move(busy.begin(), busy.end(), std::back_inserter(all));
  std::vector<WindowedDurations*> pointers;
  for (WindowedDurations& each : all) pointers.push_back(&each);
  const std::size_t bytes_max = quiet_bytes + 20 * 9000;
  ASSERT_GT(bytes_of(all), bytes_max);
  keep_within(bytes_max, pointers);
  EXPECT_LE(bytes_of(all), bytes_max);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_FALSE(totals_of(all[i]).sketched_from_ms) << "quiet ones are not touched";
    EXPECT_TRUE(totals_of(all[20 + i]).sketched_from_ms);
  }
  const std::size_t after = bytes_of(all);
  keep_within(bytes_max, pointers);
  EXPECT_EQ(bytes_of(all), after);
}

TEST(WindowedDurationsTest, WithoutDurationsThereIsNoSketch) {
  WindowedDurations requests;
  for (int i = 0; i < 10'000; ++i) requests.observe(kStart + i, 200, std::nullopt);
  EXPECT_LE(requests.bytes(), 600U);
  EXPECT_EQ(count_of(requests), 10'000U);
}

}  // namespace
}  // namespace backstay::requests
