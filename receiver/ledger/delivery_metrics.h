#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "receiver/journal/database.h"

namespace backstay {

// DORA's five, as counters and histograms that survive restarts and old rows being removed. They
// are about the service, not about Backstay, and so have no prefix. docs/METRICS.md has a row for
// each, and the questions that the five are.
std::vector<prometheus::MetricFamily> delivery_metrics(const journal::Transaction& tx);

}  // namespace backstay
