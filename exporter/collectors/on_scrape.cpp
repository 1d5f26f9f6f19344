#include "exporter/collectors/on_scrape.h"

#include <utility>

namespace backstay::collectors {
namespace {

Outcome not_begun(SteadyTime now) {
  Outcome outcome;
  outcome.problem = "an earlier run has not ended within the deadline";
  outcome.ended = now;
  return outcome;
}

}  // namespace

std::shared_future<Outcome> OnScrape::ask(SteadyTime deadline) {
  std::shared_ptr<Run> fresh;
  std::shared_ptr<Run> overdue;
  bool is_first = false;
  {
    const MutexLock lock(mutex_);
    const SteadyTime now = clock_.steady();
    if (running_ && now < running_->deadline) return running_->future;
    if (next_ && now < next_->deadline) return next_->future;
    fresh = std::make_shared<Run>(deadline);
    if (running_) {
      overdue = std::exchange(next_, fresh);
    } else {
      running_ = fresh;
    }
    is_first = running_ == fresh;
  }
  // Somebody may still wait for it.
  if (overdue) overdue->promise.set_value(not_begun(clock_.steady()));
  if (is_first) start(fresh);
  return fresh->future;
}

void OnScrape::start(const std::shared_ptr<Run>& run) {
  collector_->start_for_scrape(run->deadline, [self = shared_from_this(), run](Outcome outcome) {
    self->end(run, std::move(outcome));
  });
}

void OnScrape::end(const std::shared_ptr<Run>& run, Outcome outcome) {
  std::shared_ptr<Run> next;
  {
    const MutexLock lock(mutex_);
    running_ = std::exchange(next_, nullptr);
    next = running_;
  }
  run->promise.set_value(std::move(outcome));
  if (next) start(next);
}

}  // namespace backstay::collectors
