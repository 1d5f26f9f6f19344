#include "receiver/worker.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "base/log.h"
#include "base/timestamp.h"
#include "receiver/actions/pipeline.h"
#include "receiver/batch.h"
#include "receiver/delivery.h"
#include "receiver/history.h"
#include "receiver/journal/approval_log.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/run_log.h"
#include "receiver/messages.h"
#include "receiver/records.h"

namespace backstay {
namespace {

using journal::Run;
using journal::Step;
using journal::Transaction;

constexpr std::chrono::milliseconds kIdleRound{500};
constexpr std::chrono::milliseconds kJournalRetry{500};
constexpr std::chrono::milliseconds kCheckInterval{1000};
constexpr std::chrono::milliseconds kBetweenSharedLooks{100};

std::string and_no_backup(const std::string& detail) {
  return detail + (detail.empty() ? "" : "; ") + "no backup was taken beside it";
}

bool is_among_the_done(std::string_view name, const std::vector<Step>& steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [&](const Step& step) { return step.name == name && step.is_done(); });
}

}  // namespace

struct Worker::InFlight {
  Run run;
  Event event;
  std::stop_token stop;

  [[nodiscard]] StepContext context(std::int64_t token) const { return {run, event, token, stop}; }
};

Worker::Worker(WorkerConfig config, Policy policy, journal::Database& journal,
               const FactGatherer& facts, const ActionTable& actions, const KillSwitch& kill_switch,
               Clock& clock)
    : config_(std::move(config)),
      policy_(std::move(policy)),
      journal_(journal),
      facts_(facts),
      actions_(actions),
      kill_switch_(kill_switch),
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
  try {
    return work_once(stop);
  } catch (const std::exception& error) {
    log::error("the worker met an exception", {{"error", error.what()}});
    busy_ = false;
    return false;
  }
}

// What is wrong with a journal stays so for long, and is met at every turn.
void Worker::complain(const std::string& what, const Error& error) {
  if (!complaints_.is_due(what + error.message, clock_.steady())) return;
  log::error(what, {{"error", error.message}});
}

// A journal that cannot be written (a full disk) stops all work, and nothing is done that could not
// be recorded; as soon as it can, work goes on. False where a stop came before that.
bool Worker::write(const std::stop_token& stop, const std::function<void(Transaction&)>& work) {
  for (;;) {
    const auto written = journal_.write(work);
    if (written) {
      complaints_.over();
      return true;
    }
    complain("cannot write the journal; trying again", written.error());
    if (!clock_.sleep(kJournalRetry, stop)) return false;
  }
}

bool Worker::work_once(const std::stop_token& stop) {
  std::optional<Run> run;
  std::optional<StoredEvent> event;
  std::vector<StoredEvent> batch;
  const auto read = journal_.read([&](Transaction& tx) {
    run = run_in_flight(tx);
    event = run ? find_event(tx, run->event_id) : next_undecided(tx, clock_.now());
    if (event && !run) batch = batch_from(tx, *event, policy_);
  });
  if (!read) {
    complain("cannot read the journal", read.error());
    return false;
  }
  last_round_ms_ = to_unix_ms(clock_.now());
  busy_ = run || event;
  if (run) {
    carry_out({*run, event ? event->event : Event{}, stop});
  } else if (event) {
    let_more_come(batch, stop);
    decide_on(batch, stop);
  } else {
    promote();
  }
  return busy_.exchange(false);
}

// A clock that is set forward makes no release good: time that did not pass proves nothing. One
// that is set back keeps none from it.
bool Worker::has_settled(const Deployment& live) {
  const SteadyTime now = clock_.steady();
  if (watched_.deployment_id != live.id) {
    const auto age = std::max<std::chrono::milliseconds>(clock_.now() - live.live_at, {});
    watched_ = {live.id, age, now};
  }
  return watched_.age + (now - watched_.since) >= config_.settle;
}

void Worker::promote() {
  std::optional<std::string> promoted;
  const auto looked = journal_.read([&](Transaction& tx) {
    const Ledger ledger = load_ledger(tx);
    const Deployment* live = ledger.live();
    const Release* release = live == nullptr ? nullptr : ledger.find(live->release);
    if (release == nullptr || release->good_at) return;
    if (has_settled(*live)) promoted = release->name;
  });
  if (!looked || !promoted) return;
  const auto written =
      journal_.write([&](Transaction& tx) { promoted = promote_settled(tx, clock_.now()); });
  if (written && promoted) log::info("a release is good now", {{"release", *promoted}});
}

// One event waits for a driver or a Prometheus that is silent; those that came in meanwhile have
// waited with it, and those that no rule names need not wait. Otherwise a storm of alerts would
// hold up what a person asks for by hours.
Facts Worker::gather_facts(const StoredEvent& stored, const std::stop_token& stop) {
  WallTime asked_at = stored.received_at;
  bool is_answered = false;
  const auto read = journal_.read([&](Transaction& tx) {
    const auto approval = find_approval(tx, stored.id);
    is_answered = approval && approval->answered_at;
    if (is_answered) asked_at = *approval->answered_at;
  });
  if (!read) complain("cannot read the journal", read.error());
  if (clock_.now() < silent_until_) silent_until_ = {};  // the clock was set back
  const bool must_wait = has_rule_for(stored.event, policy_) && asked_at > silent_until_;
  const auto patience = must_wait ? config_.patience : std::chrono::milliseconds(0);
  Facts facts = facts_.gather(stored.event, patience, stop);
  facts.follow_the_answer = is_answered;
  if (must_wait && !is_complete(stored.event, facts)) silent_until_ = clock_.now();
  return facts;
}

// In a storm of events that no rule names, one look every so often is enough for all of them.
void Worker::let_more_come(std::vector<StoredEvent>& batch, const std::stop_token& stop) {
  if (!may_share_a_look(batch.front().event, policy_)) return;
  const SteadyTime now = clock_.steady();
  if (shared_look_at_ && now - *shared_look_at_ < kBetweenSharedLooks) {
    const auto left = kBetweenSharedLooks - (now - *shared_look_at_);
    if (!clock_.sleep(std::chrono::ceil<std::chrono::milliseconds>(left), stop)) return;
    const auto read = journal_.read(
        [&](Transaction& tx) { batch = batch_from(tx, StoredEvent(batch.front()), policy_); });
    if (!read) complain("cannot read the journal", read.error());
  }
  shared_look_at_ = clock_.steady();
}

// Where there are several, none is acted on, and people were asked about none: one look at the
// world and one history are true for all of them, and that look need not be on disk before what was
// decided by it.
void Worker::decide_on(const std::vector<StoredEvent>& batch, const std::stop_token& stop) {
  const Facts facts = gather_facts(batch.front(), stop);
  if (stop.stop_requested()) return;
  const std::string facts_json = to_json(facts);
  for (auto from = batch.begin(); from != batch.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(batch.end() - from, kDecidedTogetherMax);
    const auto keep_facts = [&](Transaction& tx) {
      for (auto at = from; at != to; ++at) append_facts(tx, at->id, facts.gathered_at, facts_json);
    };
    const bool is_alone = batch.size() == 1;
    if (is_alone && !write(stop, keep_facts)) return;
    write(stop, [&](Transaction& tx) {
      if (!is_alone) keep_facts(tx);
      const WallTime now = clock_.now();
      for (auto at = from; at != to; ++at) {
        if (at == from || at->event.release == facts.live_release) {
          set_ledger_right(tx, facts, at->event, now);
        }
      }
      const History history = load_history(tx, from->id, policy_, now);
      for (auto at = from; at != to; ++at) {
        const Decision decision = decide(*at, facts, history, policy_, now);
        record_decision(tx, config_.telling, *at, decision, history, now);
      }
    });
    from = to;
  }
}

bool Worker::load_steps(const InFlight& flight, std::vector<Step>& steps) {
  const auto read = journal_.read([&](Transaction& tx) { steps = steps_of(tx, flight.run.id); });
  if (read) return true;
  complain("cannot read the journal", read.error());
  clock_.sleep(kJournalRetry, flight.stop);
  return false;
}

std::jthread Worker::start_alongside(const InFlight& flight, const std::string& name) {
  try {
    return std::jthread([this, &flight, name]() { perform(flight, name); });
  } catch (const std::system_error& error) {
    log::error("a step alongside gets no thread", {{"step", name}, {"error", error.what()}});
    return {};
  }
}

void Worker::carry_out(const InFlight& flight) {
  const std::stop_token& stop = flight.stop;
  settle_cut_off_steps(flight);
  const auto specs = steps_for(flight.run, flight.event.kind == EventKind::alert_firing);
  std::vector<Step> steps;
  std::jthread alongside;  // joined before the run may end
  if (!load_steps(flight, steps)) return;
  const bool may_start = !stop.stop_requested() && !kill_switch_.is_disarmed();
  if (const std::string name = needs_alongside(specs, steps); may_start && !name.empty()) {
    alongside = start_alongside(flight, name);
  }
  for (;;) {
    if (!load_steps(flight, steps)) return;
    const NextStep next = next_step(specs, steps);
    if (next.what == NextStep::What::finish) {
      if (alongside.joinable()) alongside.join();
      if (!stop.stop_requested()) finish(flight, next.outcome, next.detail);
      return;
    }
    if (stop.stop_requested()) return;
    if (kill_switch_.is_disarmed()) {
      if (alongside.joinable()) alongside.join();
      finish(flight, "stopped", "disarmed before step " + next.step);
      return;
    }
    perform(flight, next.step);
  }
}

void Worker::perform(const InFlight& flight, const std::string& name) {
  Action& action = *actions_.find(name)->second;
  Step step;
  step.run_id = flight.run.id;
  step.name = name;
  step.started_at = clock_.now();
  const bool may_begin = write(flight.stop, [&](Transaction& tx) {
    step.token = start_step(tx, flight.run.id, name, step.started_at);
  });
  if (!may_begin) return;
  const StepResult result = perform_safely(action, flight.context(step.token));
  step.outcome = to_string(result.outcome);
  step.detail = result.detail;
  const WallTime at = clock_.now();
  record(flight, step, at,
         [&](Transaction& tx) { end_step(tx, step.token, at, step.outcome, step.detail); });
  log::info(
      "step",
      {{"run", flight.run.id}, {"step", name}, {"outcome", step.outcome}, {"detail", step.detail}});
  if (result.outcome == Outcome::unknown) find_out(flight, step);
}

// Rule: a step that may or may not have happened is never run again blindly. Its check is asked
// until it knows, or until patience is over.
void Worker::find_out(const InFlight& flight, const Step& cut_off) {
  const auto found = actions_.find(cut_off.name);
  if (found == actions_.end()) return;  // and the pipeline ends the run
  Action& action = *found->second;
  const SteadyTime end = clock_.steady() + config_.patience;
  CheckResult result = check_safely(action, flight.context(cut_off.token));
  while (result.finding == Finding::unknown && clock_.steady() < end) {
    if (!clock_.sleep(kCheckInterval, flight.stop)) return;
    result = check_safely(action, flight.context(cut_off.token));
  }
  if (flight.stop.stop_requested()) return;  // found out again after the next start
  Step step = cut_off;
  step.finding = to_string(result.finding);
  const WallTime at = clock_.now();
  record(flight, step, at,
         [&](Transaction& tx) { record_finding(tx, step.token, at, step.finding, result.detail); });
  log::info("found out about an unknown step", {{"run", flight.run.id},
                                                {"step", step.name},
                                                {"finding", step.finding},
                                                {"detail", result.detail}});
}

void Worker::settle_cut_off_steps(const InFlight& flight) {
  std::vector<Step> steps;
  write(flight.stop, [&](Transaction& tx) {
    steps.clear();
    for (Step& step : steps_of(tx, flight.run.id)) {
      if (step.outcome.empty()) {
        step.outcome = "unknown";
        step.detail = "cut off: the receiver ended while it ran";
        end_step(tx, step.token, clock_.now(), step.outcome, step.detail);
      }
      if (step.outcome == "unknown" && step.finding.empty()) steps.push_back(step);
    }
  });
  for (const Step& step : steps) find_out(flight, step);
}

void Worker::record(const InFlight& flight, Step step, WallTime at,
                    const std::function<void(Transaction&)>& how) {
  write(flight.stop, [&](Transaction& tx) {
    how(tx);
    if (step.name == "switch" && step.is_done())
      record_switch(tx, flight.run, flight.event, step, at);
    if (step.name == "verify" && step.is_done()) note_verified(tx, flight.run.id, at);
    const bool is_settled = step.outcome != "unknown" || !step.finding.empty();
    if (is_settled && step.finding != "not_done") {
      tell(tx, config_.telling, at, flight.run.id,
           message_for_step(config_.telling.service, flight.run, step));
    }
  });
}

void Worker::finish(const InFlight& flight, const std::string& outcome, const std::string& detail) {
  const Run& run = flight.run;
  write(flight.stop, [&](Transaction& tx) {
    const WallTime now = clock_.now();
    const auto steps = steps_of(tx, run.id);
    // Whatever kept the backup beside a rollback from being taken, its lack is told.
    const bool lacks_backup =
        run.with_backup && run.action == "rollback" && !is_among_the_done("backup", steps);
    const std::string told = lacks_backup ? and_no_backup(detail) : detail;
    end_run(tx, run.id, now, outcome, told);
    if (outcome == "failed" || outcome == "unknown") note_run_failed(tx, run.id, now, told);
    look_again_at_approvals(tx);
    tell(tx, config_.telling, now, run.id,
         message_for_end(config_.telling.service, run, outcome, told));
    if (run.action == "deploy" && outcome != "done" && is_among_the_done("switch", steps)) {
      // The bad release serves. Whether to go back is the policy's to say, like for any other
      // event.
      Event event;
      event.kind = EventKind::deploy_failed;
      event.source = "backstay";
      event.dedupe_key = "run " + std::to_string(run.id);
      event.actor = "backstay";
      event.release = run.release_to;
      event.subject = "run " + std::to_string(run.id);
      append_event(tx, event, now);
    }
  });
  log::info("run ended",
            {{"run", run.id}, {"action", run.action}, {"outcome", outcome}, {"detail", detail}});
}

}  // namespace backstay
