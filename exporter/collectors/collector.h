#pragma once

#include <string>

#include "base/pg.h"
#include "base/result.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

// Something that asks the database when it is scraped. It reads, it keeps no connection and no
// state, and it may be called from any thread of the pool, one at a time. Deadline, duration and
// success are the runner's. To add one: a file pair, a row in collectors.cpp's table, a test, a row
// in docs/METRICS.md.
class Collector {
 public:
  virtual ~Collector() = default;
  // The value of the label `collector`.
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual Result<metrics::Families> collect(pg::Connection& connection,
                                                          const pg::Limits& limits) const = 0;
};

}  // namespace backstay::collectors
