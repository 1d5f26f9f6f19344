#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/complaints.h"
#include "base/mutex.h"
#include "receiver/worker/decider.h"
#include "receiver/worker/patient_journal.h"
#include "receiver/worker/promoter.h"
#include "receiver/worker/runner.h"

namespace backstay {

struct WorkerConfig {
  Telling telling;
  std::chrono::milliseconds settle{10 * 60'000};  // a deployment that stays this long is good
  std::chrono::milliseconds patience{30'000};     // with a driver or Prometheus that is silent
};

// The one loop that does things, one at a time: a run in flight is carried on, else the next event
// is decided, else a release may have become good. All it knows is in the journal, so that a new
// worker on the same journal goes on where the last one was killed. work_once() and run() are
// called from one thread; the rest from any.
class Worker {
 public:
  Worker(const WorkerConfig& config, Policy policy, journal::Database& journal,
         const FactGatherer& facts, const ActionTable& actions, const KillSwitch& kill_switch,
         Clock& clock);

  // Works until stop is requested. A run in flight stays in the journal and is taken up again.
  void run(const std::stop_token& stop);
  // One piece of work: a run in flight, or the next event with those that are decided together with
  // it; false where there was nothing to do.
  bool work_once(const std::stop_token& stop);
  // There may be something new in the journal.
  void wake();

  // When the loop last came round, could read the journal and met no exception, for the health
  // endpoint: 0 before the first time.
  [[nodiscard]] std::int64_t last_round_ms() const { return last_round_ms_; }
  [[nodiscard]] bool is_busy() const { return busy_; }
  // Why it cannot go on, where neither the disk nor the file is the reason; else empty. It tries
  // again and again, and does nothing else meanwhile.
  [[nodiscard]] std::string problem() const EXCLUDES(mutex_);

 private:
  bool go_round(const std::stop_token& stop);
  void met(const std::string& exception) EXCLUDES(mutex_);

  PatientJournal journal_;
  Decider decider_;
  Runner runner_;
  Promoter promoter_;
  Clock& clock_;

  std::atomic<std::int64_t> last_round_ms_{0};
  std::atomic<bool> busy_{false};
  mutable Mutex mutex_;
  std::condition_variable_any woken_;
  bool work_waiting_ GUARDED_BY(mutex_) = false;
  Complaints complaints_;
  std::string exception_ GUARDED_BY(mutex_);  // of the last round; empty where there was none
};

}  // namespace backstay
