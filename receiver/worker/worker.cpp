#include "receiver/worker/worker.h"

#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/timestamp.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/run_log.h"

namespace backstay {
namespace {

constexpr std::chrono::milliseconds kIdleRound{500};

}  // namespace

Worker::Worker(const WorkerConfig& config, Policy policy, journal::Database& journal,
               const FactGatherer& facts, const ActionTable& actions, const KillSwitch& kill_switch,
               Clock& clock)
    : journal_(journal, clock),
      decider_(config.telling, config.patience, std::move(policy), journal_, facts, clock),
      runner_(config.telling, config.patience, journal_, actions, kill_switch, clock),
      promoter_(config.settle, journal, clock),
      clock_(clock) {}

void Worker::wake() {
  const MutexLock lock(mutex_);
  work_waiting_ = true;
  woken_.notify_all();
}

void Worker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (go_round(stop)) continue;
    MutexLock lock(mutex_);
    woken_.wait_for(lock, stop, kIdleRound, [this]() REQUIRES(mutex_) { return work_waiting_; });
    work_waiting_ = false;
  }
}

// An exception must not end the thread. Nothing is lost by going round again: all that is known is
// in the journal.
bool Worker::go_round(const std::stop_token& stop) {
  const std::int64_t last_round = last_round_ms_;
  try {
    const bool had_work = work_once(stop);
    met("");
    return had_work;
  } catch (const std::exception& error) {
    met(error.what());
    last_round_ms_ = last_round;  // it went wrong, and counts for nothing
    busy_ = false;
    return false;
  }
}

void Worker::met(const std::string& exception) {
  const MutexLock lock(mutex_);
  if (exception.empty()) {
    if (!exception_.empty()) complaints_.over();
  } else if (complaints_.is_due(exception, clock_.steady())) {
    log::error("the worker met an exception", {{"error", exception}});
  }
  exception_ = exception;
}

std::string Worker::problem() const {
  std::string problem = journal_.problem();
  const MutexLock lock(mutex_);
  return problem.empty() ? exception_ : problem;
}

bool Worker::work_once(const std::stop_token& stop) {
  std::optional<journal::Run> run;
  std::optional<StoredEvent> cause;
  std::vector<StoredEvent> batch;
  const bool could_read = journal_.read([&](journal::Transaction& tx) {
    run = run_in_flight(tx);
    if (run) cause = find_event(tx, run->event_id);
    if (!run) batch = decider_.next(tx);
  });
  if (!could_read) return false;
  last_round_ms_ = to_unix_ms(clock_.now());
  busy_ = run || !batch.empty();
  if (run) {
    runner_.carry_out(*run, cause ? cause->event : Event{}, stop);
  } else if (!batch.empty()) {
    decider_.decide_on(std::move(batch), stop);
  } else {
    promoter_.promote();
  }
  return busy_.exchange(false);
}

}  // namespace backstay
