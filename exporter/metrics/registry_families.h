#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "exporter/metrics/family.h"

namespace backstay::metrics {

// What prometheus-cpp's registry and collectables hand over, as families of our own. A summary has
// no counterpart here and is left out.
Families from_registry(const std::vector<prometheus::MetricFamily>& families);

}  // namespace backstay::metrics
