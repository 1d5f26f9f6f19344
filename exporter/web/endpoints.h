#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "exporter/collectors/filter.h"
#include "exporter/health/components.h"
#include "exporter/metrics/serializer.h"
#include "exporter/metrics/source.h"
#include "exporter/web/server.h"

namespace backstay::web {

struct ScrapeRequest {
  SteadyTime deadline;
  collectors::CollectorFilter filter;
  metrics::Format format = metrics::Format::text;
};

struct EndpointsOptions {
  std::string telemetry_path = "/metrics";
  std::vector<std::string> collectors;  // the names that collect[] and exclude[] may have
  int scrapes_max = 0;                  // at one time; 0: no limit
  // JSON of tracked errors, and of the requests within a window ("1h"; empty: the usual one), which
  // fails where that is none. Where there is nothing to tell, the paths are not there.
  std::function<std::string()> errors = nullptr;
  std::function<Result<std::string>(const std::string& window)> report = nullptr;
};

// What the exporter answers: metrics, /errors, /report, health, /-/healthy, /-/ready, and a page
// with links. GET and HEAD. Metrics in the format that Accept prefers, gzipped where
// Accept-Encoding allows it.
//
//   backstay_scrapes_refused_total
//
// Thread-safe.
class Endpoints final : public metrics::Source {
 public:
  // The whole exposition, by the deadline.
  using Scrape = std::function<std::string(const ScrapeRequest&)>;

  Endpoints(EndpointsOptions options, Scrape scrape, const health::Components& components,
            Clock& clock)
      : options_(std::move(options)),
        scrape_(std::move(scrape)),
        components_(components),
        clock_(clock) {}

  Response handle(const Request& request);
  [[nodiscard]] metrics::Families families() const override;

 private:
  [[nodiscard]] Response landing_page() const;
  [[nodiscard]] Response report_page(const Request& request) const;
  Response metrics_page(const Request& request);
  Response scrape(const Request& request);

  const EndpointsOptions options_;
  Scrape scrape_;
  const health::Components& components_;
  Clock& clock_;
  std::atomic<int> scrapes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

// How long a scrape may take: what Prometheus says it waits (X-Prometheus-Scrape-Timeout-Seconds,
// else its default of 10 s) less half a second for the way back, and never less than 100 ms.
std::chrono::milliseconds scrape_time(const Request& request);

}  // namespace backstay::web
