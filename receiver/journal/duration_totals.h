#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "receiver/journal/database.h"

namespace backstay::journal {

// A histogram in the table `totals`: it survives restarts, and the rows that it was counted from.
// Bounds are in seconds and only grow; more of them may be added later, what is counted already
// stays in the bucket that it fell into.
struct DurationSeries {
  std::string_view name;
  std::vector<std::int64_t> bounds;
};

// From a commit to the release with it going live.
const DurationSeries& change_lead_time();
// From a release that turned out bad going live to the next one verified.
const DurationSeries& failed_deployment_recovery();

void add_duration(Transaction& tx, const DurationSeries& series,
                  std::chrono::milliseconds duration);

struct DurationTotals {
  std::vector<std::uint64_t> cumulative;  // at or below each bound
  std::uint64_t count = 0;
  double sum_seconds = 0;
};
DurationTotals read_durations(const Transaction& tx, const DurationSeries& series);

}  // namespace backstay::journal
