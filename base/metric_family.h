#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace backstay {

// A family without samples, for those that fill one by hand at each Collect().
prometheus::MetricFamily metric_family(const std::string& name, const std::string& help,
                                       prometheus::MetricType type);
// Adds a sample to a counter or a gauge; the family's type says which.
void add_sample(prometheus::MetricFamily& to, std::vector<prometheus::ClientMetric::Label> labels,
                double value);
// A family of one sample without labels.
prometheus::MetricFamily single_metric(const std::string& name, const std::string& help,
                                       prometheus::MetricType type, double value);

}  // namespace backstay
