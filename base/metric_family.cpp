#include "base/metric_family.h"

#include <utility>

namespace backstay {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily metric_family(const std::string& name, const std::string& help, MetricType type) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void add_sample(MetricFamily& to, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (to.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  to.metric.push_back(std::move(metric));
}

MetricFamily single_metric(const std::string& name, const std::string& help, MetricType type,
                           double value) {
  MetricFamily family = metric_family(name, help, type);
  add_sample(family, {}, value);
  return family;
}

}  // namespace backstay
