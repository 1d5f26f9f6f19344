#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/complaints.h"
#include "base/mutex.h"
#include "receiver/actions/action.h"
#include "receiver/facts.h"
#include "receiver/journal/database.h"
#include "receiver/journal/outbox.h"
#include "receiver/policy.h"
#include "receiver/records.h"

namespace backstay {

struct WorkerConfig {
  Telling telling;
  std::chrono::milliseconds settle{10 * 60'000};  // a deployment that stays this long is good
  std::chrono::milliseconds patience{30'000};     // with a driver or Prometheus that is silent
};

// By the names of pipeline.h: backup, stage, switch, verify, confirm.
using ActionTable = std::map<std::string, std::unique_ptr<Action>, std::less<>>;

// The one place where things are done: next event → facts → decide → act → record, one at a time.
// All it knows is in the journal, so that a new worker on the same journal goes on where the last
// one was killed. work_once() and run() are called from one thread; wake() from any.
class Worker {
 public:
  Worker(WorkerConfig config, Policy policy, journal::Database& journal, const FactGatherer& facts,
         const ActionTable& actions, const KillSwitch& kill_switch, Clock& clock);

  // Works until stop is requested. A run in flight stays in the journal and is taken up again.
  void run(const std::stop_token& stop);
  // One piece of work: a run in flight, or the next event with those that are decided together with
  // it; false where there was nothing to do.
  bool work_once(const std::stop_token& stop);
  // There may be something new in the journal.
  void wake();

  // When the loop last came round and could read the journal, for the health endpoint: 0 before the
  // first time.
  [[nodiscard]] std::int64_t last_round_ms() const { return last_round_ms_; }
  [[nodiscard]] bool is_busy() const { return busy_; }

 private:
  struct InFlight;  // a run with all that its steps need
  // The live deployment since this worker first saw it.
  struct Watched {
    std::int64_t deployment_id = 0;
    std::chrono::milliseconds age{0};  // then
    SteadyTime since;
  };

  bool go_round(const std::stop_token& stop);
  Facts gather_facts(const StoredEvent& stored, const std::stop_token& stop);
  void let_more_come(std::vector<StoredEvent>& batch, const std::stop_token& stop);
  void decide_on(const std::vector<StoredEvent>& batch, const std::stop_token& stop);
  void carry_out(const InFlight& flight);
  bool load_steps(const InFlight& flight, std::vector<journal::Step>& steps);
  std::jthread start_alongside(const InFlight& flight, const std::string& name);
  void perform(const InFlight& flight, const std::string& name);
  void find_out(const InFlight& flight, const journal::Step& step);
  void settle_cut_off_steps(const InFlight& flight);
  void record(const InFlight& flight, journal::Step step, WallTime at,
              const std::function<void(journal::Transaction&)>& how);
  void finish(const InFlight& flight, const std::string& outcome, const std::string& detail);
  void promote();
  bool has_settled(const Deployment& live);
  void complain(const std::string& what, const Error& error);
  bool write(const std::stop_token& stop, const std::function<void(journal::Transaction&)>& work);

  const WorkerConfig config_;
  const Policy policy_;
  journal::Database& journal_;
  const FactGatherer& facts_;
  const ActionTable& actions_;
  const KillSwitch& kill_switch_;
  Clock& clock_;

  std::atomic<std::int64_t> last_round_ms_{0};
  std::atomic<bool> busy_{false};
  Watched watched_;
  std::optional<SteadyTime> shared_look_at_;  // the last one
  Complaints complaints_;
  WallTime silent_until_;  // when the driver or Prometheus was last waited for in vain
  Mutex mutex_;
  std::condition_variable_any woken_;
  bool work_waiting_ GUARDED_BY(mutex_) = false;
};

}  // namespace backstay
