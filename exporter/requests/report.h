#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "exporter/requests/windowed_durations.h"

namespace backstay::requests {

// GET /report?window=…
inline constexpr std::chrono::milliseconds kWindowMin = std::chrono::minutes(1);
inline constexpr std::chrono::milliseconds kWindowMax = std::chrono::hours(1);
inline constexpr std::chrono::milliseconds kWindowDefault = kWindowMax;

// What stands behind window=; the default where that is nothing.
Result<std::chrono::milliseconds> parse_window(std::string_view text);

// What the routes did in the window before now, as JSON: how many requests, how many a second, how
// many of them failed, and how long they took, in seconds, the busiest route first.
//
// Slots count whole: "from" is where the slot begins that the window begins in, so that up to a
// minute more than was asked for is in. Rates are per second of the time since then, or since
// "data_from" where the exporter has nothing older: it started, or saw its first request, later
// than that. What is not known is absent: durations of a route whose log has none, percentiles
// that were given up for memory. "percentiles_from" says where only the older part was.
class Report {
 public:
  // started_ms: since when the exporter looks.
  Report(std::chrono::milliseconds window, std::int64_t now_ms, std::int64_t started_ms);
  // method: may be empty. All that is kept are the figures, so that whoever guards the requests
  // with a lock needs it for this alone. A route without requests in the window is left out.
  void add(std::string_view method, std::string_view route, const WindowedDurations& requests);
  [[nodiscard]] std::string to_json() const;

 private:
  struct Percentiles {
    double p50 = 0;
    double p95 = 0;
    double p99 = 0;
  };
  struct Row {
    std::string method;
    std::string route;
    WindowCounts counts;
    std::optional<Percentiles> percentiles;
    std::optional<std::int64_t> percentiles_from_ms;
  };
  static Row row_of(std::string_view method, std::string_view route, const WindowTotals& totals);

  std::chrono::milliseconds window_;
  std::int64_t from_ms_;
  std::int64_t to_ms_;
  std::int64_t data_from_ms_;
  WindowTotals total_;
  std::vector<Row> rows_;
};

}  // namespace backstay::requests
