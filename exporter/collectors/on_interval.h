#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/mutex.h"
#include "exporter/collectors/measured.h"

namespace backstay::collectors {

// A collector that is asked at an interval of its own, beside the scrapes; they see what came last.
// One run at a time. Thread-safe.
class OnInterval : public std::enable_shared_from_this<OnInterval> {
 public:
  OnInterval(std::shared_ptr<Measured> collector, Clock& clock)
      : collector_(std::move(collector)), clock_(clock), due_(clock.steady()) {}

  [[nodiscard]] const Measured& collector() const { return *collector_; }
  // Begins a run where it is time. `spread` is from 0 to 1: how far the next one comes early, by up
  // to a tenth of the interval, so that queries do not fall into step.
  void tick(double spread) EXCLUDES(mutex_);

  // For a scrape that finds the database: where there was no run yet, or the last one found none,
  // the next one begins at once.
  void catch_up() EXCLUDES(mutex_);
  // Waits for that run, while it is young.
  void wait_to_catch_up(SteadyTime deadline) EXCLUDES(mutex_);
  // The last run that ended; none before the first.
  [[nodiscard]] std::optional<Outcome> last() const EXCLUDES(mutex_);
  // What the last success brought, while it is not too old.
  [[nodiscard]] std::optional<metrics::Snapshot> fresh() const EXCLUDES(mutex_);

 private:
  void end(Outcome outcome) EXCLUDES(mutex_);
  [[nodiscard]] SteadyTime next_after(const Outcome& outcome, const Schedule& schedule) const
      REQUIRES(mutex_);

  const std::shared_ptr<Measured> collector_;
  Clock& clock_;
  mutable Mutex mutex_;
  std::condition_variable_any ended_;
  bool is_running_ GUARDED_BY(mutex_) = false;
  bool is_behind_ GUARDED_BY(mutex_) = true;  // there was no run yet that found the database
  double spread_ GUARDED_BY(mutex_) = 0;
  SteadyTime begun_ GUARDED_BY(mutex_);
  SteadyTime due_ GUARDED_BY(mutex_);
  std::optional<Outcome> last_ GUARDED_BY(mutex_);
  std::optional<metrics::Snapshot> good_ GUARDED_BY(mutex_);
  SteadyTime good_until_ GUARDED_BY(mutex_);
};

}  // namespace backstay::collectors
