#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/result.h"
#include "base/self_metrics.h"
#include "base/state_lock.h"
#include "exporter/collectors/events/event_report.h"
#include "exporter/collectors/events/event_store.h"
#include "exporter/collectors/events/slow_turn.h"
#include "exporter/collectors/pool.h"
#include "exporter/collectors/runner.h"
#include "exporter/config.h"
#include "exporter/health/components.h"
#include "exporter/metrics/snapshot.h"
#include "exporter/sources/checkpoint.h"
#include "exporter/sources/drains.h"
#include "exporter/sources/log_source.h"
#include "exporter/sources/totals.h"
#include "exporter/web/drain_server.h"
#include "exporter/web/endpoints.h"
#include "exporter/web/guard.h"
#include "exporter/web/options.h"
#include "exporter/web/server.h"

namespace backstay {

// The exporter, wired in the order in which data flows: logs → request metrics; database →
// collectors; both → exposition → web. It runs from start() until it is destroyed. A database that
// is down is no reason not to start.
class ExporterApp {
 public:
  static Result<std::unique_ptr<ExporterApp>> start(const ExporterConfig& config,
                                                    const web::Options& web);
  ~ExporterApp();

  [[nodiscard]] const std::vector<std::string>& addresses() const { return server_->addresses(); }

 private:
  ExporterApp(const ExporterConfig& config, const web::Options& web,
              std::optional<StateLock> state_lock);
  void read_logs();
  Result<void> start_drains(const web::Options& web);
  void start_threads();
  std::string scrape(const web::ScrapeRequest& request);
  [[nodiscard]] metrics::Families own_families() const;
  [[nodiscard]] metrics::Families families_beside_collectors() const;

  const std::optional<StateLock> state_lock_;  // only with a state_dir
  const std::string state_dir_;
  SystemClock clock_;
  CurlHttpClient http_;
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Counter& dropped_series_;
  ProcessCollector process_;
  sources::Totals totals_;
  std::vector<std::unique_ptr<sources::LogSource>> sources_;
  std::unique_ptr<sources::Checkpoint> checkpoint_;  // only with a state_dir and sources
  std::unique_ptr<sources::Drains> drains_;
  std::unique_ptr<collectors::EventStore> event_store_;
  collectors::EventReport event_report_;
  collectors::SlowTurn slow_turn_;
  std::unique_ptr<collectors::Pool> pool_;  // only with a database
  std::unique_ptr<collectors::Runner> runner_;
  std::unique_ptr<health::Components> components_;
  std::unique_ptr<web::Endpoints> endpoints_;
  web::Guard guard_;
  std::jthread checkpoint_thread_;
  std::vector<std::jthread> threads_;
  std::unique_ptr<web::DrainServer> drain_server_;
  std::unique_ptr<web::Server> server_;
};

// --one-shot: every file source from its start to its end, and the exposition of that. Fails where
// a source cannot be read.
Result<std::string> read_once(const ExporterConfig& config);

}  // namespace backstay
