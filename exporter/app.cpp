#include "exporter/app.h"

#include <filesystem>

#include <prometheus/counter.h>

#include "base/log.h"
#include "exporter/collectors/collectors.h"
#include "exporter/metrics/exposition.h"
#include "exporter/metrics/registry_families.h"
#include "exporter/sources/checkpoint_file.h"

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
      .Help(
          "Series left out of an exposition: one like it was there, or the format cannot show it.")
      .Register(registry)
      .Add({});
}

// Beside the scrapes that may be in flight there are threads left for health, and for saying no.
int server_threads(int scrapes_max) {
  constexpr int kWithoutLimit = 64;
  return scrapes_max == 0 ? kWithoutLimit : scrapes_max + web::Server::kThreads;
}

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::unique_ptr<sources::LogSource> make_source(const LogFileConfig& source,
                                                sources::Totals& totals, Clock& clock) {
  return std::make_unique<sources::LogSource>(source.path,
                                              formats::make_parser(source.format, source.fields),
                                              totals, totals.add_file(source.path), clock);
}

std::unique_ptr<collectors::EventStore> make_event_store(const ExporterConfig& config) {
  if (!config.state_dir) return std::make_unique<collectors::NoEventStore>();
  return std::make_unique<collectors::FolderEventStore>(*config.state_dir + "/events");
}

// When the checkpoint was written, 0 without one. One that cannot be used is put aside: counting
// begins anew, as without a state_dir.
std::int64_t restore(const std::string& path, sources::Totals& totals) {
  const auto record = sources::read_checkpoint(path);
  if (record && !*record) return 0;
  auto restored = record ? totals.restore(**record) : Result<std::int64_t>(fail(record.error()));
  if (restored) return *restored;
  const std::string aside = path + ".damaged";
  log::error("the checkpoint cannot be used: counting begins anew",
             {{"error", restored.error().message}, {"kept_as", aside}});
  std::error_code ignored;
  std::filesystem::rename(path, aside, ignored);
  return 0;
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

ExporterApp::ExporterApp(const ExporterConfig& config, const web::Options& web,
                         std::optional<StateLock> state_lock)
    : state_lock_(std::move(state_lock)),
      state_dir_(config.state_dir.value_or("")),
      registry_(make_registry()),
      dropped_series_(dropped_series_counter(*registry_)),
      totals_(config.requests.options, clock_),
      event_store_(make_event_store(config)),
      guard_(web.config) {
  for (const LogFileConfig& source : config.requests.files) {
    sources_.push_back(make_source(source, totals_, clock_));
  }
  for (const sources::DrainConfig& drain : config.requests.drains) totals_.add_drain(drain.name);
  if (!config.requests.drains.empty()) {
    drains_ = std::make_unique<sources::Drains>(config.requests.drains, totals_);
  }
  if (config.database) {
    pool_ = std::make_unique<collectors::Pool>(config.database->url,
                                               config.database->max_connections, clock_);
    auto table = collectors::make_collectors(config.with_pg, config.queries, config.database->pg);
    append(table, collectors::make_event_collectors(
                      config.queries, {*event_store_, event_report_, slow_turn_, clock_}));
    runner_ = std::make_unique<collectors::Runner>(
        std::move(table), *pool_,
        collectors::RunnerLimits{config.database->statement_timeout, config.database->lock_timeout},
        clock_);
  }
  components_ = make_components(config, pool_.get(), http_, clock_);
  web::EndpointsOptions options{
      web.telemetry_path, runner_ ? runner_->names() : std::vector<std::string>(), web.scrapes_max};
  if (config.requests.has_sources()) {
    options.errors = [this]() { return totals_.errors_json(); };
    options.report = [this](const std::string& window) { return totals_.report_json(window); };
  }
  endpoints_ = std::make_unique<web::Endpoints>(
      options, [this](const web::ScrapeRequest& request) { return scrape(request); }, *components_,
      clock_);
}

Result<std::unique_ptr<ExporterApp>> ExporterApp::start(const ExporterConfig& config,
                                                        const web::Options& web) {
  if (web.telemetry_path.empty() || web.telemetry_path.front() != '/') {
    return fail("the path of the metrics, \"" + web.telemetry_path + "\", does not begin with /");
  }
  std::optional<StateLock> state_lock;
  if (config.state_dir) {
    auto lock = StateLock::acquire(*config.state_dir);
    if (!lock) return fail(lock.error());
    state_lock.emplace(std::move(*lock));
  }
  std::unique_ptr<ExporterApp> app(new ExporterApp(config, web, std::move(state_lock)));
  ExporterApp& self = *app;
  self.read_logs();
  const web::Handler answer = [&self](const web::Request& request) {
    return self.endpoints_->handle(request);
  };
  auto server = web::Server::start(
      web.addresses,
      [&self, answer](const web::Request& request) { return self.guard_.handle(request, answer); },
      server_threads(web.scrapes_max));
  if (!server) return fail(server.error());
  self.server_ = std::move(*server);
  self.start_threads();
  if (auto started = self.start_drains(web); !started) return fail(started.error());
  for (const std::string& address : self.addresses())
    log::info("listening", {{"address", address}});
  return app;
}

// What was written meanwhile is counted before anybody can ask, so that no counter goes back.
void ExporterApp::read_logs() {
  std::int64_t saved_at_ms = 0;
  if (state_lock_ && (!sources_.empty() || drains_)) {
    const std::string path = state_dir_ + "/checkpoint";
    saved_at_ms = restore(path, totals_);
    checkpoint_ = std::make_unique<sources::Checkpoint>(path, totals_, clock_);
    totals_.keep_in(checkpoint_.get());
  }
  for (const auto& source : sources_) source->begin(saved_at_ms);
  for (const auto& source : sources_) source->catch_up();
  if (checkpoint_) checkpoint_->write();
}

Result<void> ExporterApp::start_drains(const web::Options& web) {
  if (!drains_) return {};
  auto server = web::DrainServer::start(web.drain_addresses, drains_->handlers());
  if (!server) return fail(server.error());
  drain_server_ = std::move(*server);
  for (const std::string& address : drain_server_->addresses()) {
    log::info("listening for drains", {{"address", address}});
  }
  return {};
}

void ExporterApp::start_threads() {
  if (checkpoint_) {
    checkpoint_thread_ =
        std::jthread([this](const std::stop_token& stop) { checkpoint_->run(stop); });
  }
  for (const auto& source : sources_) {
    threads_.emplace_back([&source = *source](const std::stop_token& stop) { source.run(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { components_->run(stop); });
  if (runner_) threads_.emplace_back([this](const std::stop_token& stop) { runner_->run(stop); });
}

ExporterApp::~ExporterApp() {
  server_.reset();
  drain_server_.reset();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  checkpoint_thread_ = {};  // last: it writes once more what the others have read
}

metrics::Families ExporterApp::own_families() const {
  std::vector<prometheus::MetricFamily> own = registry_->Collect();
  append(own, process_.Collect());
  metrics::Families families = metrics::from_registry(own);
  append(families, endpoints_->families());
  append(families, guard_.families());
  return families;
}

metrics::Families ExporterApp::families_beside_collectors() const {
  metrics::Families families = totals_.families();
  if (checkpoint_) append(families, checkpoint_->families());
  if (drains_) append(families, drains_->families());
  append(families, components_->families());
  append(families, event_report_.families());
  return families;
}

std::string ExporterApp::scrape(const web::ScrapeRequest& request) {
  std::vector<metrics::Snapshot> of_database;
  if (runner_) of_database = runner_->collect(request.deadline, request.filter);
  // Of two families with one name the first wins: what a query calls its metric comes last.
  std::vector<metrics::Snapshot> snapshots{metrics::Snapshot(own_families())};
  if (request.filter.is_open()) snapshots.emplace_back(families_beside_collectors());
  append(snapshots, std::move(of_database));
  metrics::Exposition exposition = metrics::expose(snapshots, request.format);
  dropped_series_.Increment(static_cast<double>(exposition.dropped_series));
  return std::move(exposition.text);
}

Result<std::string> read_once(const ExporterConfig& config) {
  SystemClock clock;
  sources::Totals totals(config.requests.options, clock);
  for (const LogFileConfig& source : config.requests.files) {
    if (auto read = make_source(source, totals, clock)->read_whole(); !read) {
      return fail(read.error());
    }
  }
  const metrics::Snapshot snapshot(totals.families());
  return metrics::expose({snapshot}, metrics::Format::text).text;
}

}  // namespace backstay
