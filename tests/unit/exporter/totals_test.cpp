#include "exporter/sources/totals.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "exporter/formats/formats.h"
#include "exporter/sources/checkpoint_file.h"
#include "exporter/sources/log_source.h"
#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

using Taken = BatchSink::Taken;

formats::AccessEvent request(std::string_view target, int status = 200) {
  formats::AccessEvent event;
  event.method = "GET";
  event.target = target;
  event.status = status;
  return event;
}

std::shared_ptr<const requests::RequestOptions> options() {
  return std::make_shared<const requests::RequestOptions>();
}

double value(const Totals& totals, const std::string& name) {
  double sum = 0;
  for (const metrics::Family& family : totals.families()) {
    if (family.name != name) continue;
    for (const metrics::Sample& sample : family.samples) sum += sample.value;
  }
  return sum;
}

double requests_of(const Totals& totals) { return value(totals, "http_server_requests_total"); }

struct TotalsTest : ::testing::Test {
  TotalsTest() { totals.add_drain("netlify"); }
  std::unique_ptr<Batch> batch(int count = 1) {
    auto opened = totals.open("netlify");
    for (int i = 0; i < count; ++i) opened->take(request("/a"));
    return opened;
  }

  test::TemporaryFolder folder;
  SystemClock clock;
  Totals totals{options(), clock};
};

TEST_F(TotalsTest, ABatchCountsOnceHoweverOftenItIsSent) {
  EXPECT_EQ(totals.commit(batch(3), {1, 1}), Taken::counted);
  EXPECT_EQ(totals.commit(batch(3), {1, 1}), Taken::seen_before);
  EXPECT_EQ(totals.commit(batch(3), {1, 2}), Taken::counted);
  EXPECT_EQ(requests_of(totals), 6);
  EXPECT_EQ(value(totals, "backstay_log_lines_total"), 6);
}

TEST_F(TotalsTest, ABatchThatIsDroppedHasNeverBeen) {
  batch(3).reset();
  EXPECT_EQ(requests_of(totals), 0);
  EXPECT_EQ(value(totals, "backstay_log_lines_total"), 0);
}

TEST_F(TotalsTest, TheOldestBatchIsForgottenAndNoNewerOne) {
  SeenBatches seen;
  for (std::uint64_t i = 0; i <= SeenBatches::kBatchesMax; ++i) EXPECT_TRUE(seen.add({0, i}));
  EXPECT_FALSE(seen.add({0, 1}));
  EXPECT_TRUE(seen.add({0, 0}));
}

TEST_F(TotalsTest, WhatWasAnsweredIsInTheNextCheckpoint) {
  Checkpoint checkpoint(folder.path("checkpoint"), totals, clock);
  totals.keep_in(&checkpoint);
  {
    const std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
    for (std::uint64_t i = 0; i < 10; ++i) {
      ASSERT_EQ(totals.commit(batch(2), {7, i}), Taken::counted);
      // As after a kill -9 now.
      Totals again(options(), clock);
      again.add_drain("netlify");
      const auto record = read_checkpoint(folder.path("checkpoint"));
      ASSERT_TRUE(record && *record);
      ASSERT_TRUE(again.restore(**record));
      EXPECT_EQ(requests_of(again), 2 * (static_cast<double>(i) + 1));
      auto sent_again = again.open("netlify");
      sent_again->take(request("/a"));
      EXPECT_EQ(again.commit(std::move(sent_again), {7, i}), Taken::seen_before);
    }
  }
  totals.keep_in(nullptr);
}

// The folder is not there, as with a disk that is full.
TEST_F(TotalsTest, ABatchThatCannotBeKeptIsSentAgainAndCountsOnce) {
  Checkpoint checkpoint(folder.path("later/checkpoint"), totals, clock);
  totals.keep_in(&checkpoint);
  const std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
  EXPECT_EQ(totals.commit(batch(2), {1, 1}), Taken::not_kept);
  EXPECT_EQ(totals.commit(batch(2), {1, 1}), Taken::not_kept);
  std::filesystem::create_directory(folder.path("later"));
  Taken taken = Taken::not_kept;
  for (int i = 0; i < 100 && taken == Taken::not_kept; ++i) taken = totals.commit(batch(2), {1, 1});
  EXPECT_EQ(taken, Taken::seen_before);
  EXPECT_EQ(requests_of(totals), 2);
}

TEST_F(TotalsTest, OfADamagedCheckpointNothingIsTaken) {
  ASSERT_EQ(totals.commit(batch(2), {1, 1}), Taken::counted);
  const std::string record = totals.moment().record;
  for (std::size_t size = 0; size < record.size(); size += 7) {
    Totals again(options(), clock);
    again.add_drain("netlify");
    EXPECT_FALSE(again.restore(std::string_view(record).substr(0, size))) << size;
    EXPECT_EQ(requests_of(again), 0);
  }
}

TEST_F(TotalsTest, WhatIsNoLongerConfiguredIsForgottenAndItsRequestsAreNot) {
  ASSERT_EQ(totals.commit(batch(2), {1, 1}), Taken::counted);
  Totals again(options(), clock);
  const std::size_t other = again.add_file("/var/log/other.log");
  ASSERT_TRUE(again.restore(totals.moment().record));
  EXPECT_EQ(requests_of(again), 2);
  EXPECT_EQ(value(again, "backstay_log_lines_total"), 0);
  EXPECT_FALSE(again.places(other));
}

TEST_F(TotalsTest, ReportAndErrorsAreOfTheSameRequests) {
  auto opened = totals.open("netlify");
  opened->take(request("/a", 500));
  opened->take(request("/a", 200));
  ASSERT_EQ(totals.commit(std::move(opened), {1, 1}), Taken::counted);
  EXPECT_NE(totals.report_json("")->find("\"/a\""), std::string::npos);
  EXPECT_NE(totals.errors_json().find("/a"), std::string::npos);
  EXPECT_FALSE(totals.report_json("1y"));
}

// There is room for one route. Killed after a scrape that shows it; and then the other file is read
// first, with a path that would take the room.
TEST_F(TotalsTest, ARouteThatWasShownIsNoOtherOnesAfterAKill) {
  auto few = std::make_shared<requests::RequestOptions>();
  few->routes_max = 1;
  const auto add_line = [this](const char* file, const std::string& target) {
    std::ofstream(folder.path(file), std::ios::app)
        << R"(::1 - - [23/Nov/2026:08:13:04 +0000] "GET )" << target << " HTTP/1.1\" 200 5\n";
  };
  const auto source = [&](const char* file, Totals& into) {
    const std::string path = folder.path(file);
    return std::make_unique<LogSource>(path, formats::make_parser("combined", {}), into,
                                       into.add_file(path), clock);
  };
  const auto shown = [](const Totals& of) {
    std::map<std::string, double> series;
    for (const metrics::Family& family : of.families()) {
      if (family.name != "http_server_requests_total") continue;
      for (const metrics::Sample& sample : family.samples) {
        series[std::string(sample.labels.text())] = sample.value;
      }
    }
    return series;
  };
  std::ofstream(folder.path("a.log")).flush();
  std::ofstream(folder.path("b.log")).flush();
  std::map<std::string, double> before;
  std::string record;
  {
    Totals first(few, clock);
    const auto a = source("a.log", first);
    const auto b = source("b.log", first);
    Checkpoint checkpoint(folder.path("checkpoint"), first, clock);
    first.keep_in(&checkpoint);
    a->begin(0);
    b->begin(0);
    a->catch_up();
    b->catch_up();
    checkpoint.write();
    const std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
    add_line("a.log", "/shown");
    a->catch_up();
    before = shown(first);
    record = **read_checkpoint(folder.path("checkpoint"));  // what a kill leaves now
  }
  add_line("b.log", "/instead");
  Totals again(few, clock);
  const auto b = source("b.log", again);
  const auto a = source("a.log", again);
  const auto saved_at_ms = again.restore(record);
  ASSERT_TRUE(saved_at_ms);
  b->begin(*saved_at_ms);
  a->begin(*saved_at_ms);
  b->catch_up();
  a->catch_up();
  const auto after = shown(again);
  ASSERT_EQ(before.size(), 1U);
  for (const auto& [series, count] : before) {
    ASSERT_EQ(after.count(series), 1U) << series;
    EXPECT_GE(after.at(series), count) << series;
  }
  EXPECT_EQ(requests_of(again), 2);
}

}  // namespace
}  // namespace backstay::sources
