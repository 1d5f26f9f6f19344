#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

// A metric that is read by a query: its column `value` is the value, the columns named in `labels`
// are the labels.
struct SqlQuery {
  std::string name;  // of the metric
  std::string help;
  metrics::Type type = metrics::Type::gauge;
  std::string sql;
  std::vector<std::string> labels;
  // Values of the one label that are 0 where the query has no row for them.
  std::vector<std::string> zero_fill;
  std::size_t series_max = 100;  // with more rows the collector fails: better seen than large
};

// A catalog file: docs/CONFIG.md has its keys. Read as strictly as the configuration.
Result<std::vector<SqlQuery>> load_catalog(const std::string& path);

}  // namespace backstay::collectors
