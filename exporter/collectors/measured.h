#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "exporter/collectors/collector.h"
#include "exporter/collectors/pool.h"
#include "exporter/metrics/snapshot.h"

namespace backstay::collectors {

struct RunnerLimits {
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{1000};
};

// What one run of a collector came to.
struct Outcome {
  bool has_answer = false;  // the database said something, if only an error
  std::string problem;      // empty: success
  double seconds = 0;       // the wait for a connection included
  metrics::Snapshot snapshot;
  SteadyTime ended;
};

// What is known of all runs of a collector so far.
struct Record {
  std::uint64_t errors = 0;
  std::uint64_t rows = 0;  // that the last success read from the database
  std::optional<WallTime> last_success;
};

// A collector and the record of its runs. Held by the tasks that run it, which may outlive whoever
// began them, but neither the pool nor the clock. Thread-safe; one run at a time is its caller's
// duty.
class Measured : public std::enable_shared_from_this<Measured> {
 public:
  using Told = std::function<void(Outcome)>;

  Measured(std::unique_ptr<Collector> collector, Pool& pool, RunnerLimits limits, Clock& clock);

  [[nodiscard]] const std::string& name() const { return collector_->name(); }
  // Not while it runs: a collector may change its pace with each run.
  [[nodiscard]] Schedule schedule() const { return collector_->schedule(); }
  [[nodiscard]] Record record() const EXCLUDES(mutex_);

  // One run for a scrape, over by the deadline.
  void start_for_scrape(SteadyTime deadline, Told told);
  // One run beside the scrapes, which may take schedule().timeout from when it has a connection.
  void start_beside(Told told);

 private:
  Result<metrics::Snapshot> collect(pg::Connection& connection, SteadyTime deadline,
                                    std::chrono::milliseconds statement_timeout) EXCLUDES(mutex_);
  std::optional<metrics::Snapshot> answer(const pg::Rows& rows, int server_version)
      EXCLUDES(mutex_);
  std::optional<Question> question(SteadyTime deadline) EXCLUDES(mutex_);
  [[nodiscard]] pg::Limits limits_together(SteadyTime deadline) const;
  Done recorded(Told told);
  void keep_record(const Outcome& outcome) EXCLUDES(mutex_);

  const std::unique_ptr<Collector> collector_;
  Pool& pool_;
  const RunnerLimits limits_;
  Clock& clock_;
  mutable Mutex mutex_;
  Record record_ GUARDED_BY(mutex_);
  std::uint64_t rows_of_run_ GUARDED_BY(mutex_) = 0;
  std::string last_problem_ GUARDED_BY(mutex_);
};

}  // namespace backstay::collectors
