#include "exporter/requests/report.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "base/timestamp.h"

namespace backstay::requests {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMsPerSecond = 1000;
// A rate over less than this is a guess.
constexpr std::int64_t kRateOverMinMs = 1000;
constexpr int kDigits = 6;

// What was computed has no more digits than anyone reads.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, kDigits - 1 - std::floor(std::log10(std::fabs(value))));
  const double result = std::round(value * scale) / scale;
  return std::isfinite(result) ? result : value;
}

std::string time_text(std::int64_t ms) { return format_rfc3339(from_unix_ms(ms)); }

}  // namespace

Result<std::chrono::milliseconds> parse_window(std::string_view text) {
  if (text.empty()) return kWindowDefault;
  const auto window = parse_duration(text);
  if (window && *window >= kWindowMin && *window <= kWindowMax) return *window;
  return fail("window must be a duration from " + format_duration(kWindowMin) + " to " +
              format_duration(kWindowMax) + ", such as 15m");
}

Report::Report(std::chrono::milliseconds window, std::int64_t now_ms, std::int64_t started_ms)
    : window_(window), to_ms_(now_ms), data_from_ms_(std::min(started_ms, now_ms)) {
  const std::int64_t asked_ms = std::max<std::int64_t>(now_ms - window.count(), 0);
  from_ms_ = asked_ms - asked_ms % kSlotMs;
}

Report::Row Report::row_of(std::string_view method, std::string_view route,
                           const WindowTotals& totals) {
  Row row{std::string(method), std::string(route), totals.counts, {}, totals.sketched_from_ms};
  const auto at = [&](double fraction) {
    return percentile(totals.buckets, fraction, totals.counts.min, totals.counts.max);
  };
  const bool is_sketched = std::any_of(totals.buckets.begin(), totals.buckets.end(),
                                       [](std::uint64_t count) { return count > 0; });
  if (is_sketched) row.percentiles = {at(0.5), at(0.95), at(0.99)};
  return row;
}

void Report::add(std::string_view method, std::string_view route,
                 const WindowedDurations& requests) {
  if (const auto first_ms = requests.first_ms()) {
    data_from_ms_ = std::min(data_from_ms_, *first_ms);
  }
  WindowTotals totals;
  requests.add_to(totals, from_ms_, to_ms_);
  if (totals.counts.count == 0) return;
  rows_.push_back(row_of(method, route, totals));
  total_.add(totals);
}

std::string Report::to_json() const {
  const std::int64_t data_from_ms = std::max(data_from_ms_, from_ms_);
  const auto figures_of = [&](const Row& row) {
    const WindowCounts& counts = row.counts;
    const auto count = static_cast<double>(counts.count);
    Json json;
    if (!row.method.empty()) json["method"] = row.method;
    if (!row.route.empty()) json["route"] = row.route;
    json["count"] = counts.count;
    json["errors"] = counts.errors;
    if (to_ms_ - data_from_ms >= kRateOverMinMs) {
      json["rate"] = rounded(count * kMsPerSecond / static_cast<double>(to_ms_ - data_from_ms));
    }
    if (counts.count > 0) json["error_rate"] = rounded(static_cast<double>(counts.errors) / count);
    json["timed"] = counts.timed;
    if (counts.timed == 0) return json;
    json["avg"] = rounded(counts.sum / static_cast<double>(counts.timed));
    json["min"] = counts.min;
    json["max"] = counts.max;
    if (row.percentiles) {
      json["p50"] = rounded(row.percentiles->p50);
      json["p95"] = rounded(row.percentiles->p95);
      json["p99"] = rounded(row.percentiles->p99);
    }
    if (row.percentiles_from_ms) json["percentiles_from"] = time_text(*row.percentiles_from_ms);
    return json;
  };
  std::vector<const Row*> rows;
  for (const Row& row : rows_) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(), [](const Row* a, const Row* b) {
    return std::tie(b->counts.count, a->route, a->method) <
           std::tie(a->counts.count, b->route, b->method);
  });
  Json routes = Json::array();
  for (const Row* row : rows) routes.push_back(figures_of(*row));
  const Json report = {{"window", format_duration(window_)},
                       {"from", time_text(from_ms_)},
                       {"to", time_text(to_ms_)},
                       {"data_from", time_text(data_from_ms)},
                       {"slot_seconds", kSlotMs / 1000},
                       {"percentile_error", kPercentileError},
                       {"total", figures_of(row_of({}, {}, total_))},
                       {"routes", std::move(routes)}};
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace backstay::requests
