#include "exporter/metrics/registry_families.h"

#include <optional>
#include <string>
#include <utility>

namespace backstay::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::optional<Type> type_of(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return Type::counter;
    case MetricType::Gauge:
      return Type::gauge;
    case MetricType::Histogram:
      return Type::histogram;
    case MetricType::Untyped:
      return Type::untyped;
    case MetricType::Summary:
      break;
  }
  return std::nullopt;
}

Histogram histogram_of(const ClientMetric::Histogram& from) {
  Histogram histogram;
  histogram.count = from.sample_count;
  histogram.sum = from.sample_sum;
  for (const auto& bucket : from.bucket) {
    histogram.buckets.emplace_back(bucket.upper_bound, bucket.cumulative_count);
  }
  return histogram;
}

Sample sample_of(const ClientMetric& metric, Type type) {
  std::vector<Labels::Pair> pairs;
  for (const auto& label : metric.label) pairs.emplace_back(label.name, label.value);
  Sample sample{Labels(std::move(pairs)), 0, {}};
  switch (type) {
    case Type::counter:
      sample.value = metric.counter.value;
      break;
    case Type::gauge:
      sample.value = metric.gauge.value;
      break;
    case Type::untyped:
      sample.value = metric.untyped.value;
      break;
    case Type::histogram:
      sample.histogram = histogram_of(metric.histogram);
      break;
  }
  return sample;
}

}  // namespace

Families from_registry(const std::vector<MetricFamily>& families) {
  Families converted;
  for (const MetricFamily& from : families) {
    const auto type = type_of(from.type);
    if (!type) continue;
    Family family{from.name, from.help, *type, {}};
    for (const ClientMetric& metric : from.metric) {
      family.samples.push_back(sample_of(metric, *type));
    }
    converted.push_back(std::move(family));
  }
  return converted;
}

}  // namespace backstay::metrics
