#include "exporter/sources/source_families.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace backstay::sources {
namespace {

constexpr std::int64_t kNow = 1'795'600'000'000;

SourceCounts file() {
  SourceCounts source;
  source.name = "/var/log/access.log";
  source.is_file = true;
  source.files.caught_up_ms = kNow - 2500;
  return source;
}

// The first sample; with a reason, that of its label. None: it is absent.
std::optional<double> value(const SourceCounts& source, const std::string& name,
                            const std::string& reason = "") {
  for (const metrics::Family& family : families_of({source}, kNow)) {
    if (family.name != name) continue;
    for (const metrics::Sample& sample : family.samples) {
      if (reason.empty() || sample.labels.pairs().at("reason") == reason) return sample.value;
    }
  }
  return std::nullopt;
}

TEST(SourceFamilies, TheLagIsTheTimeSinceAllWasReadAndNoneWhileItIs) {
  SourceCounts source = file();
  EXPECT_EQ(value(source, "backstay_log_lag_seconds"), 0);
  source.files.lag_bytes = 1;
  EXPECT_EQ(value(source, "backstay_log_lag_seconds"), 2.5);
  source.files.caught_up_ms = 0;  // nothing is known yet
  EXPECT_EQ(value(source, "backstay_log_lag_seconds"), std::nullopt);
}

TEST(SourceFamilies, LinesThatWereSkippedForTheirLengthAreLinesToo) {
  SourceCounts source = file();
  source.lines.lines = 10;
  source.files_before.lines_too_long = 2;
  source.files.lines_too_long = 1;
  EXPECT_EQ(value(source, "backstay_log_lines_total"), 13);
  EXPECT_EQ(value(source, "backstay_log_lines_rejected_total", "too_long"), 3);
  EXPECT_EQ(value(source, "backstay_log_lines_rejected_total", "empty"), 0);
}

TEST(SourceFamilies, CountersGoOnFromTheRunBefore) {
  SourceCounts source = file();
  source.files_before.rotations = 3;
  source.files.rotations = 2;
  EXPECT_EQ(value(source, "backstay_log_rotations_total"), 5);
}

TEST(SourceFamilies, InFlightIsThereOnlyWhereTheSourceSaysIt) {
  SourceCounts source = file();
  EXPECT_EQ(value(source, "http_server_active_requests"), std::nullopt);
  source.lines.in_flight = 4;
  EXPECT_EQ(value(source, "http_server_active_requests"), 4);
}

TEST(SourceFamilies, ADrainHasNoFiles) {
  SourceCounts source = file();
  source.is_file = false;
  EXPECT_EQ(value(source, "backstay_log_rotations_total"), std::nullopt);
  EXPECT_EQ(value(source, "backstay_log_lag_seconds"), std::nullopt);
  EXPECT_EQ(value(source, "backstay_log_lines_total"), 0);
}

}  // namespace
}  // namespace backstay::sources
