#pragma once

#include <future>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "exporter/collectors/measured.h"

namespace backstay::collectors {

// A collector that is asked when there is a scrape. One run at a time: scrapes that come while one
// is in time share it. A run whose deadline has passed, because the database does not answer, is of
// no use to a new scrape: that one's run begins as soon as the old one ends. Thread-safe.
class OnScrape : public std::enable_shared_from_this<OnScrape> {
 public:
  OnScrape(std::shared_ptr<Measured> collector, Clock& clock)
      : collector_(std::move(collector)), clock_(clock) {}

  [[nodiscard]] const Measured& collector() const { return *collector_; }
  // The outcome of a run that is over by the deadline, or never.
  std::shared_future<Outcome> ask(SteadyTime deadline) EXCLUDES(mutex_);

 private:
  struct Run {
    explicit Run(SteadyTime until) : deadline(until), future(promise.get_future().share()) {}
    const SteadyTime deadline;
    std::promise<Outcome> promise;
    std::shared_future<Outcome> future;
  };
  void start(const std::shared_ptr<Run>& run);
  void end(const std::shared_ptr<Run>& run, Outcome outcome) EXCLUDES(mutex_);

  const std::shared_ptr<Measured> collector_;
  Clock& clock_;
  Mutex mutex_;
  std::shared_ptr<Run> running_ GUARDED_BY(mutex_);
  std::shared_ptr<Run> next_ GUARDED_BY(mutex_);  // waits for running_ to end
};

}  // namespace backstay::collectors
