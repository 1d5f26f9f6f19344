#pragma once

#include "exporter/metrics/family.h"

namespace backstay::metrics {

// Something in memory that can say its metrics at any time, at once and without failing: request
// metrics, log sources, health. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  virtual Families families() const = 0;
};

}  // namespace backstay::metrics
