#include "receiver/intake/server_metrics.h"

#include "base/metric_family.h"

namespace backstay::intake {

std::vector<prometheus::MetricFamily> ServerMetrics::Collect() const {
  const ServerCounters counters = server_.counters();
  const auto counter = [](const char* name, const char* help, std::uint64_t value) {
    return single_metric(name, help, prometheus::MetricType::Counter, static_cast<double>(value));
  };
  return {
      counter("backstay_receiver_connections_refused_total",
              "Connections over the limit, answered 503.", counters.connections_refused),
      counter("backstay_receiver_requests_timed_out_total",
              "Requests that did not come in whole within their deadline.",
              counters.requests_timed_out),
      counter("backstay_receiver_bodies_too_large_total", "Bodies over the limit, answered 413.",
              counters.bodies_too_large),
  };
}

}  // namespace backstay::intake
