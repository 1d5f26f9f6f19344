#include "exporter/collectors/on_interval.h"

#include <algorithm>
#include <utility>

namespace backstay::collectors {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::seconds kYoung{2};
constexpr std::chrono::seconds kLookingForDatabase{3};  // connecting is given up after two
constexpr int kRetryShare = 10;                         // or so many times what the failed run took

}  // namespace

void OnInterval::tick(double spread) {
  {
    const MutexLock lock(mutex_);
    if (is_running_ || clock_.steady() < due_) return;
    is_running_ = true;
    spread_ = spread;
    begun_ = clock_.steady();
  }
  collector_->start_beside(
      [self = shared_from_this()](Outcome outcome) { self->end(std::move(outcome)); });
}

// From begin to begin, as a pace is understood; a run that took longer than its interval is
// followed by the next at once. One that failed quickly, as when the database is away, is tried
// again sooner.
SteadyTime OnInterval::next_after(const Outcome& outcome, const Schedule& schedule) const {
  using std::chrono::duration_cast;
  const auto interval = duration_cast<SteadyTime::duration>(schedule.interval * (1 - spread_ / 10));
  const SteadyTime in_step = begun_ + interval;
  if (outcome.problem.empty()) return in_step;
  const SteadyTime::duration pause =
      std::max<SteadyTime::duration>(kRetryAfter, kRetryShare * (outcome.ended - begun_));
  return std::min(in_step, outcome.ended + pause);
}

void OnInterval::end(Outcome outcome) {
  const Schedule schedule = collector_->schedule();
  const MutexLock lock(mutex_);
  is_running_ = false;
  due_ = next_after(outcome, schedule);
  if (outcome.problem.empty()) {
    good_ = outcome.snapshot;
    good_until_ = outcome.ended + schedule.max_age;
  }
  // A query that loses its connection after a while may be the reason itself: it keeps its pace.
  is_behind_ = !outcome.problem.empty() && !outcome.has_answer &&
               outcome.ended - begun_ < kLookingForDatabase;
  last_ = std::move(outcome);
  ended_.notify_all();
}

void OnInterval::catch_up() {
  {
    const MutexLock lock(mutex_);
    if (!is_behind_) return;
    due_ = std::min(due_, clock_.steady());
  }
  tick(0);
}

void OnInterval::wait_to_catch_up(SteadyTime deadline) {
  MutexLock lock(mutex_);
  if (!is_running_ || !is_behind_) return;
  const SteadyTime until = std::min(deadline, begun_ + kYoung);
  ended_.wait_until(lock, until, [this]() REQUIRES(mutex_) { return !is_running_; });
}

std::optional<Outcome> OnInterval::last() const {
  const MutexLock lock(mutex_);
  return last_;
}

std::optional<metrics::Snapshot> OnInterval::fresh() const {
  const MutexLock lock(mutex_);
  if (!good_ || clock_.steady() > good_until_) return std::nullopt;
  return good_;
}

}  // namespace backstay::collectors
