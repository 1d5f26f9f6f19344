#pragma once

#include <string>

namespace backstay::metrics {

// A sample's value as both exposition formats write it: whole numbers without a point, all others
// in the fewest digits that read back the same; +Inf, -Inf, NaN. Never follows the locale.
void append_value(std::string& to, double value);

// The bound of a bucket in OpenMetrics, where it must be a float in its canonical form: 1.0, 0.005,
// 1e+06, +Inf.
// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#considerations-canonical-numbers
void append_canonical_bound(std::string& to, double bound);

}  // namespace backstay::metrics
