#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "exporter/collectors/collector.h"
#include "exporter/collectors/pool.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

struct RunnerLimits {
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{1000};
};

// Runs all collectors for a scrape and gives back what is there at its deadline, with
//   //   pg_up                      1 where the database answered anything; absent without a
//   collector backstay_scrape_collector_success{collector}           0 for one that failed, or is
//   not done backstay_scrape_collector_duration_seconds{collector}
// It waits for results, never for a thread. A collector that is still busy with an earlier scrape
// is not started again: scrapes cannot pile up. Scrapes at one time share one collection.
// Thread-safe.
class Runner {
 public:
  Runner(std::vector<std::unique_ptr<Collector>> collectors, Pool& pool, RunnerLimits limits,
         Clock& clock);
  [[nodiscard]] metrics::Families collect(SteadyTime deadline) EXCLUDES(mutex_);

 private:
  struct Collection;
  struct Entry;
  struct Outcome;
  std::shared_ptr<Collection> join_or_begin(SteadyTime deadline) EXCLUDES(mutex_);
  void begin(const std::shared_ptr<Collection>& collection);
  [[nodiscard]] metrics::Families own_families(const std::vector<Outcome>& outcomes) const;
  static void log_change(Entry& entry, const std::string& problem);

  std::vector<std::shared_ptr<Entry>> entries_;
  Pool& pool_;
  const RunnerLimits limits_;
  Clock& clock_;
  Mutex mutex_;
  std::shared_ptr<Collection> running_ GUARDED_BY(mutex_);
};

}  // namespace backstay::collectors
