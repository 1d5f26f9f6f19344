#include "receiver/intake/server_metrics.h"

#include "base/metric_family.h"

namespace backstay::intake {

std::vector<prometheus::MetricFamily> ServerMetrics::Collect() const {
  const ServerCounters counters = server_.counters();
  const auto counter = [](const char* name, const char* help, std::uint64_t value) {
    return single_metric(name, help, prometheus::MetricType::Counter, static_cast<double>(value));
  };
  prometheus::MetricFamily handshakes = metric_family(
      "backstay_receiver_tls_handshakes_failed_total",
      "TLS handshakes that came to nothing, by reason.", prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < kTlsFailures; ++i) {
    const auto reason = static_cast<TlsFailure>(i);
    add_sample(handshakes, {{"reason", std::string(to_string(reason))}},
               static_cast<double>(counters.handshakes_failed[i]));
  }
  prometheus::MetricFamily connections = metric_family(
      "backstay_receiver_connections_refused_total", "Connections that were not served, by reason.",
      prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < kTurned; ++i) {
    const auto reason = static_cast<Turned>(i);
    add_sample(connections, {{"reason", std::string(to_string(reason))}},
               static_cast<double>(counters.connections_refused[i]));
  }
  prometheus::MetricFamily requests = metric_family(
      "backstay_receiver_requests_refused_total",
      "Requests that the server refused by itself, by reason.", prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < kUnserved; ++i) {
    const auto reason = static_cast<Unserved>(i);
    add_sample(requests, {{"reason", std::string(to_string(reason))}},
               static_cast<double>(counters.requests_refused[i]));
  }
  return {
      handshakes,
      requests,
      connections,
      counter("backstay_receiver_requests_timed_out_total",
              "Requests that were not whole, or whose answer was not taken, within their deadline.",
              counters.requests_timed_out),
      counter("backstay_receiver_bodies_too_large_total", "Bodies over the limit, answered 413.",
              counters.bodies_too_large),
  };
}

}  // namespace backstay::intake
