#include "receiver/journal/duration_totals.h"

#include <algorithm>
#include <string>

namespace backstay::journal {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr const char* kSum = "sum_ms";
constexpr const char* kBeyond = "inf";

void add(Transaction& tx, const DurationSeries& series, const std::string& first,
         std::int64_t value) {
  tx.prepare(
        "INSERT INTO totals VALUES (?1, ?2, '', ?3) ON CONFLICT DO UPDATE SET total = total + ?3")
      .bind(series.name)
      .bind(first)
      .bind(value)
      .run();
}

}  // namespace

const DurationSeries& change_lead_time() {
  static const DurationSeries series{
      "change_lead_time",
      {5 * kMinute, 15 * kMinute, 30 * kMinute, kHour, 2 * kHour, 4 * kHour, 8 * kHour, kDay,
       2 * kDay, 4 * kDay, 7 * kDay, 14 * kDay, 30 * kDay, 90 * kDay}};
  return series;
}

const DurationSeries& failed_deployment_recovery() {
  static const DurationSeries series{
      "failed_deployment_recovery",
      {5, 15, 30, kMinute, 2 * kMinute, 5 * kMinute, 10 * kMinute, 30 * kMinute, kHour, 2 * kHour,
       4 * kHour, 8 * kHour, kDay, 7 * kDay}};
  return series;
}

void add_duration(Transaction& tx, const DurationSeries& series,
                  std::chrono::milliseconds duration) {
  const auto bound =
      std::find_if(series.bounds.begin(), series.bounds.end(),
                   [&](std::int64_t seconds) { return duration <= std::chrono::seconds(seconds); });
  add(tx, series, bound == series.bounds.end() ? kBeyond : std::to_string(*bound), 1);
  add(tx, series, kSum, duration.count());
}

DurationTotals read_durations(const Transaction& tx, const DurationSeries& series) {
  DurationTotals totals;
  totals.cumulative.resize(series.bounds.size());
  Statement rows = tx.prepare("SELECT first, total FROM totals WHERE name = ?");
  for (rows.bind(series.name); rows.next();) {
    const std::string first = rows.text(0);
    if (first == kSum) {
      totals.sum_seconds = static_cast<double>(rows.integer(1)) / 1000;
      continue;
    }
    const auto fell_in = static_cast<std::uint64_t>(rows.integer(1));
    totals.count += fell_in;
    if (first == kBeyond) continue;
    const std::int64_t bound = std::stoll(first);
    for (std::size_t i = 0; i < series.bounds.size(); ++i) {
      if (bound <= series.bounds[i]) totals.cumulative[i] += fell_in;
    }
  }
  return totals;
}

}  // namespace backstay::journal
