#include "exporter/collectors/runner.h"

#include <algorithm>
#include <random>

namespace backstay::collectors {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{100};

Report report_of(const Measured& collector, const Outcome* outcome) {
  Report report;
  report.collector = collector.name();
  report.record = collector.record();
  report.is_success = outcome != nullptr && outcome->problem.empty();
  if (outcome != nullptr) report.seconds = outcome->seconds;
  return report;
}

}  // namespace

Runner::Runner(std::vector<std::unique_ptr<Collector>> collectors, Pool& pool, RunnerLimits limits,
               Clock& clock)
    : pool_(pool), clock_(clock) {
  for (auto& collector : collectors) {
    const bool has_interval = collector->schedule().interval.count() > 0;
    auto measured = std::make_shared<Measured>(std::move(collector), pool, limits, clock);
    if (has_interval) {
      on_interval_.push_back(std::make_shared<OnInterval>(std::move(measured), clock));
    } else {
      on_scrape_.push_back(std::make_shared<OnScrape>(std::move(measured), clock));
    }
  }
}

void Runner::run(const std::stop_token& stop) {
  std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> spread(0, 1);
  do {
    for (const auto& collector : on_interval_) collector->tick(spread(random));
  } while (clock_.sleep(kTick, stop));
}

std::vector<Runner::Asked> Runner::ask(SteadyTime deadline, const CollectorFilter& filter) {
  const Pool::Gathering gathering(pool_);
  std::vector<Asked> asked;
  for (const auto& collector : on_scrape_) {
    const Measured& measured = collector->collector();
    if (filter.asks_for(measured.name())) asked.push_back({&measured, collector->ask(deadline)});
  }
  return asked;
}

std::vector<OnInterval*> Runner::asked_beside(const CollectorFilter& filter) const {
  std::vector<OnInterval*> asked;
  for (const auto& collector : on_interval_) {
    if (filter.asks_for(collector->collector().name())) asked.push_back(collector.get());
  }
  return asked;
}

// So that the first scrape is whole, and the first one after an outage.
void Runner::catch_up(const std::vector<OnInterval*>& collectors, SteadyTime deadline) {
  for (OnInterval* collector : collectors) collector->catch_up();
  for (OnInterval* collector : collectors) collector->wait_to_catch_up(deadline);
}

std::vector<metrics::Snapshot> Runner::collect(SteadyTime deadline, const CollectorFilter& filter) {
  const SteadyTime begun = clock_.steady();
  const auto asked = ask(deadline, filter);
  // From the last one, since they come more or less in order: who waits is seldom woken up.
  for (auto at = asked.rbegin(); at != asked.rend(); ++at) at->outcome.wait_until(deadline);
  std::vector<metrics::Snapshot> snapshots;
  ScrapeReport scrape;
  for (const auto& [measured, future] : asked) {
    const bool is_over = future.wait_for(milliseconds(0)) == std::future_status::ready;
    const Outcome* outcome = is_over ? &future.get() : nullptr;
    if (is_over) snapshots.push_back(outcome->snapshot);
    const bool has_answer = is_over && outcome->has_answer;
    const bool has_nothing_to_ask = is_over && !has_answer && outcome->problem.empty();
    scrape.is_asked = scrape.is_asked || !has_nothing_to_ask;
    scrape.is_up = scrape.is_up || has_answer;
    scrape.reports.push_back(collectors::report_of(*measured, outcome));
  }
  const std::vector<OnInterval*> beside = asked_beside(filter);
  if (scrape.is_up || !scrape.is_asked) catch_up(beside, deadline);
  for (OnInterval* collector : beside) {
    if (auto snapshot = collector->fresh()) snapshots.push_back(std::move(*snapshot));
    scrape.reports.push_back(report_of(*collector));
  }
  scrape.number = ++scrapes_;
  scrape.seconds = std::chrono::duration<double>(clock_.steady() - begun).count();
  scrape.connections = pool_.connections();
  snapshots.insert(snapshots.begin(), metrics::Snapshot(families(scrape)));
  return snapshots;
}

// A success that is too old to be shown is none any more; before the first run nothing is known.
Report Runner::report_of(const OnInterval& collector) const {
  const auto last = collector.last();
  Report report = collectors::report_of(collector.collector(), last ? &*last : nullptr);
  if (!last) report.is_success.reset();
  if (last && !collector.fresh()) report.is_success = false;
  return report;
}

std::vector<std::string> Runner::names() const {
  std::vector<std::string> names;
  for (const auto& collector : on_scrape_) names.push_back(collector->collector().name());
  for (const auto& collector : on_interval_) names.push_back(collector->collector().name());
  return names;
}

}  // namespace backstay::collectors
