#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/result.h"
#include "base/self_metrics.h"
#include "exporter/collectors/pool.h"
#include "exporter/collectors/runner.h"
#include "exporter/config.h"
#include "exporter/health/components.h"
#include "exporter/requests/request_metrics.h"
#include "exporter/sources/log_source.h"
#include "exporter/web/endpoints.h"
#include "exporter/web/server.h"

namespace backstay {

// The exporter, wired in the order in which data flows: logs → request metrics; database →
// collectors; both → exposition → web. It runs from start() until it is destroyed. A database that
// is down is no reason not to start.
class ExporterApp {
 public:
  static Result<std::unique_ptr<ExporterApp>> start(const ExporterConfig& config,
                                                    const std::vector<std::string>& addresses,
                                                    const std::string& telemetry_path);
  ~ExporterApp();

  [[nodiscard]] const std::vector<std::string>& addresses() const { return server_->addresses(); }

 private:
  explicit ExporterApp(const ExporterConfig& config);
  void start_threads();
  std::string scrape(SteadyTime deadline);

  SystemClock clock_;
  CurlHttpClient http_;
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Counter& dropped_series_;
  ProcessCollector process_;
  requests::RequestMetrics request_metrics_;
  std::vector<std::unique_ptr<sources::LogSource>> sources_;
  std::unique_ptr<collectors::Pool> pool_;  // only with a database
  std::unique_ptr<collectors::Runner> runner_;
  std::unique_ptr<health::Components> components_;
  std::unique_ptr<web::Endpoints> endpoints_;
  std::vector<std::jthread> threads_;
  std::unique_ptr<web::Server> server_;
};

// --one-shot: every file source from its start to its end, and the exposition of that. Fails where
// a source cannot be read.
Result<std::string> read_once(const ExporterConfig& config);

}  // namespace backstay
