#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exporter/collectors/collector.h"
#include "exporter/collectors/filter.h"
#include "exporter/collectors/measured.h"
#include "exporter/collectors/on_interval.h"
#include "exporter/collectors/on_scrape.h"
#include "exporter/collectors/pool.h"
#include "exporter/collectors/report.h"
#include "exporter/metrics/snapshot.h"

namespace backstay::collectors {

// Runs the collectors: for a scrape those without an interval, beside the scrapes those with one.
// A scrape gets what is there at its deadline, and how each collector fared (report.h). It waits
// for results, never for a thread; scrapes at one time share the runs. Thread-safe.
class Runner {
 public:
  Runner(std::vector<std::unique_ptr<Collector>> collectors, Pool& pool, RunnerLimits limits,
         Clock& clock);

  // Keeps the collectors that have an interval going, until stop.
  void run(const std::stop_token& stop);
  // What the filter does not ask for is not run and not shown.
  [[nodiscard]] std::vector<metrics::Snapshot> collect(SteadyTime deadline,
                                                       const CollectorFilter& filter = {});
  // The values of the label `collector`.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Asked {
    const Measured* measured;
    std::shared_future<Outcome> outcome;
  };
  [[nodiscard]] std::vector<Asked> ask(SteadyTime deadline, const CollectorFilter& filter);
  [[nodiscard]] std::vector<OnInterval*> asked_beside(const CollectorFilter& filter) const;
  static void catch_up(const std::vector<OnInterval*>& collectors, SteadyTime deadline);
  [[nodiscard]] Report report_of(const OnInterval& collector) const;

  std::vector<std::shared_ptr<OnScrape>> on_scrape_;
  std::vector<std::shared_ptr<OnInterval>> on_interval_;
  Pool& pool_;
  Clock& clock_;
  std::atomic<std::uint64_t> scrapes_{0};
};

}  // namespace backstay::collectors
