#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/clock.h"
#include "exporter/health/components.h"
#include "exporter/web/server.h"

namespace backstay::web {

// What the exporter answers: metrics, health, /-/healthy, /-/ready, and a page with links. GET and
// HEAD.
class Endpoints {
 public:
  // The whole exposition, by the deadline.
  using Scrape = std::function<std::string(SteadyTime deadline)>;

  Endpoints(std::string telemetry_path, Scrape scrape, const health::Components& components,
            Clock& clock)
      : telemetry_path_(std::move(telemetry_path)),
        scrape_(std::move(scrape)),
        components_(components),
        clock_(clock) {}

  Response handle(const Request& request) const;

 private:
  [[nodiscard]] Response landing_page() const;

  std::string telemetry_path_;
  Scrape scrape_;
  const health::Components& components_;
  Clock& clock_;
};

// How long a scrape may take: what Prometheus says it waits (X-Prometheus-Scrape-Timeout-Seconds,
// else its default of 10 s) less half a second for the way back, and never less than 100 ms.
std::chrono::milliseconds scrape_time(const Request& request);

}  // namespace backstay::web
