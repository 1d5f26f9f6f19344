#include "exporter/app.h"

#include <prometheus/counter.h>

#include "base/log.h"
#include "exporter/collectors/collectors.h"
#include "exporter/metrics/exposition.h"

namespace backstay {
namespace {

std::shared_ptr<prometheus::Registry> make_registry() {
  auto registry = std::make_shared<prometheus::Registry>();
  register_build_info(*registry, "backstay-exporter");
  return registry;
}

prometheus::Counter& dropped_series_counter(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("backstay_exposition_dropped_series_total")
      .Help("Series left out of an exposition because one with the same labels was there already.")
      .Register(registry)
      .Add({});
}

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::unique_ptr<health::Components> make_components(const ExporterConfig& config,
                                                    collectors::Pool* pool, HttpClient& http,
                                                    Clock& clock) {
  std::vector<health::Component> components;
  for (const ComponentConfig& entry : config.components) {
    components.push_back({entry.name, entry.kind, entry.critical,
                          entry.kind == "postgres" ? health::make_postgres_probe(*pool, clock)
                                                   : health::make_http_probe(entry.url, http)});
  }
  return std::make_unique<health::Components>(std::move(components), clock);
}

}  // namespace

ExporterApp::ExporterApp(const ExporterConfig& config)
    : registry_(make_registry()),
      dropped_series_(dropped_series_counter(*registry_)),
      request_metrics_(requests::Routes(config.routes), config.series_max) {
  for (const RequestSourceConfig& source : config.sources) {
    sources_.push_back(std::make_unique<sources::LogSource>(
        source.path, sources::LogTail::From::end, request_metrics_, clock_));
  }
  if (config.database) {
    pool_ = std::make_unique<collectors::Pool>(config.database->url,
                                               config.database->max_connections, clock_);
    runner_ = std::make_unique<collectors::Runner>(
        collectors::make_collectors(config.with_pg, config.queries), *pool_,
        collectors::RunnerLimits{config.database->statement_timeout, config.database->lock_timeout},
        clock_);
  }
  components_ = make_components(config, pool_.get(), http_, clock_);
}

Result<std::unique_ptr<ExporterApp>> ExporterApp::start(const ExporterConfig& config,
                                                        const std::vector<std::string>& addresses,
                                                        const std::string& telemetry_path) {
  if (telemetry_path.empty() || telemetry_path.front() != '/') {
    return fail("the path of the metrics, \"" + telemetry_path + "\", does not begin with /");
  }
  std::unique_ptr<ExporterApp> app(new ExporterApp(config));
  ExporterApp& self = *app;
  self.endpoints_ = std::make_unique<web::Endpoints>(
      telemetry_path, [&self](SteadyTime deadline) { return self.scrape(deadline); },
      *self.components_, self.clock_);
  auto server = web::Server::start(
      addresses, [&self](const web::Request& request) { return self.endpoints_->handle(request); });
  if (!server) return fail(server.error());
  self.server_ = std::move(*server);
  self.start_threads();
  for (const std::string& address : self.addresses())
    log::info("listening", {{"address", address}});
  return app;
}

void ExporterApp::start_threads() {
  for (const auto& source : sources_) {
    threads_.emplace_back([&source = *source](const std::stop_token& stop) { source.run(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { components_->run(stop); });
}

ExporterApp::~ExporterApp() {
  server_.reset();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

std::string ExporterApp::scrape(SteadyTime deadline) {
  metrics::Families of_database;
  if (runner_) of_database = runner_->collect(deadline);
  // Of two families with one name the first wins: what a query calls its metric comes last.
  metrics::Families families = request_metrics_.families();
  for (const auto& source : sources_) append(families, source->families());
  append(families, components_->families());
  append(families, std::move(of_database));
  std::vector<prometheus::MetricFamily> own = registry_->Collect();
  append(own, process_.Collect());
  metrics::Exposition exposition = metrics::expose_text(families, std::move(own));
  dropped_series_.Increment(static_cast<double>(exposition.dropped_series));
  return std::move(exposition.text);
}

Result<std::string> read_once(const ExporterConfig& config) {
  SystemClock clock;
  requests::RequestMetrics request_metrics(requests::Routes(config.routes), config.series_max);
  metrics::Families families;
  for (const RequestSourceConfig& entry : config.sources) {
    sources::LogSource source(entry.path, sources::LogTail::From::start, request_metrics, clock);
    if (auto read = source.read_whole(); !read) return fail(read.error());
    append(families, source.families());
  }
  append(families, request_metrics.families());
  return metrics::expose_text(families, {}).text;
}

}  // namespace backstay
