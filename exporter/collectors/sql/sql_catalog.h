#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/collectors/collector.h"
#include "exporter/collectors/events/event_spec.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

// What becomes of the rows beyond max_series: all of them one more series, whose labels are
// `other`, or nothing. Either way they are counted.
enum class Overflow { fold, drop };

// A metric that is read by a query: its column `value` is the value, the columns named in `labels`
// are the labels. For a histogram each row is one observation.
struct SqlQuery {
  std::string name;  // of the metric
  std::string help;
  metrics::Type type = metrics::Type::gauge;
  std::string sql;
  std::vector<std::string> labels;
  // Values of the one label that are 0 where the query has no row for them.
  std::vector<std::string> zero_fill;
  std::vector<double> buckets;  // upper bounds, for a histogram
  std::size_t series_max = 100;
  Overflow overflow = Overflow::fold;
  // PostgreSQL's major versions that the query is for; with another it brings nothing.
  int version_min = 0;
  int version_max = 1'000'000;
  Schedule schedule;
  // Instead of sql: the entry counts events, and the rest of it is in here.
  std::optional<EventSpec> events;
};

// A catalog file: docs/CONFIG.md has its keys. Read as strictly as the configuration.
Result<std::vector<SqlQuery>> load_catalog(const std::string& path);

}  // namespace backstay::collectors
