#include "receiver/worker/runner.h"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "receiver/actions/pipeline.h"
#include "receiver/journal/event_log.h"
#include "receiver/ledger/delivery.h"
#include "receiver/worker/messages.h"

namespace backstay {
namespace {

using journal::Run;
using journal::Step;
using journal::Transaction;

constexpr std::chrono::milliseconds kCheckInterval{1000};

NextStep off_the_record() {
  return {NextStep::What::finish, "", "unknown",
          "what was done could not be written down; the log says why"};
}

std::string and_no_backup(const std::string& detail) {
  return detail + (detail.empty() ? "" : "; ") + "no backup was taken beside it";
}

bool is_among_the_done(std::string_view name, const std::vector<Step>& steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [&](const Step& step) { return step.name == name && step.is_done(); });
}

}  // namespace

struct Runner::InFlight {
  Run run;
  Event event;
  std::stop_token stop;
  // Something of it cannot be written down: what was done is not known from then on.
  mutable std::atomic<bool> is_off_the_record{false};

  [[nodiscard]] StepContext context(std::int64_t token) const { return {run, event, token, stop}; }
};

Runner::Runner(Telling telling, std::chrono::milliseconds patience, PatientJournal& journal,
               const ActionTable& actions, const KillSwitch& kill_switch, Clock& clock)
    : telling_(std::move(telling)),
      patience_(patience),
      journal_(journal),
      actions_(actions),
      kill_switch_(kill_switch),
      clock_(clock) {}

bool Runner::load_steps(const InFlight& flight, std::vector<Step>& steps) {
  if (journal_.read([&](Transaction& tx) { steps = steps_of(tx, flight.run.id); })) return true;
  journal_.rest(flight.stop);
  return false;
}

std::jthread Runner::start_alongside(const InFlight& flight, const std::string& name) {
  try {
    return std::jthread([this, &flight, name]() { perform(flight, name); });
  } catch (const std::system_error& error) {
    log::error("a step alongside gets no thread", {{"step", name}, {"error", error.what()}});
    return {};
  }
}

void Runner::carry_out(const Run& run, const Event& event, const std::stop_token& stop) {
  const InFlight flight{run, event, stop};
  settle_cut_off_steps(flight);
  const auto specs = steps_for(flight.run, flight.event.kind == EventKind::alert_firing);
  std::vector<Step> steps;
  std::jthread alongside;  // joined before the run may end
  if (!load_steps(flight, steps)) return;
  const bool may_start =
      !stop.stop_requested() && !kill_switch_.is_disarmed() && !flight.is_off_the_record;
  if (const std::string name = needs_alongside(specs, steps); may_start && !name.empty()) {
    alongside = start_alongside(flight, name);
  }
  for (;;) {
    if (!load_steps(flight, steps)) return;
    const NextStep next = flight.is_off_the_record ? off_the_record() : next_step(specs, steps);
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

void Runner::perform(const InFlight& flight, const std::string& name) {
  Action& action = *actions_.find(name)->second;
  Step step;
  step.run_id = flight.run.id;
  step.name = name;
  const bool may_begin = write(flight, [&](Transaction& tx) {
    step.started_at = clock_.now();
    step.token = start_step(tx, flight.run.id, name, step.started_at);
  });
  if (!may_begin) return;
  // That may have waited for the disk for hours.
  if (kill_switch_.is_disarmed()) {
    take_back(flight, step);
    return;
  }
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

// Nothing of it was done, so that it is started anew once that may be.
void Runner::take_back(const InFlight& flight, const Step& step) {
  const WallTime at = clock_.now();
  write(flight, [&](Transaction& tx) {
    end_step(tx, step.token, at, "unknown", "disarmed before it began");
    record_finding(tx, step.token, at, "not_done", "nothing was started");
  });
}

// Rule: a step that may or may not have happened is never run again blindly. Its check is asked
// until it knows, or until patience is over.
void Runner::find_out(const InFlight& flight, const Step& cut_off) {
  const auto found = actions_.find(cut_off.name);
  if (found == actions_.end()) return;  // and the pipeline ends the run
  Action& action = *found->second;
  const SteadyTime end = clock_.steady() + patience_;
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

void Runner::settle_cut_off_steps(const InFlight& flight) {
  std::vector<Step> steps;
  write(flight, [&](Transaction& tx) {
    end_open_steps(tx, flight.run.id, clock_.now(), "cut off: the receiver ended while it ran");
    steps.clear();
    for (Step& step : steps_of(tx, flight.run.id)) {
      if (step.outcome == "unknown" && step.finding.empty()) steps.push_back(step);
    }
  });
  for (const Step& step : steps) find_out(flight, step);
}

bool Runner::write(const InFlight& flight, const PatientJournal::Work& work) {
  const auto written = journal_.write(flight.stop, work);
  if (written.end == journal::Written::End::never) flight.is_off_the_record = true;
  return bool(written);
}

void Runner::record(const InFlight& flight, const Step& step, WallTime at,
                    const PatientJournal::Work& how) {
  write(flight, [&](Transaction& tx) {
    how(tx);
    if (step.name == "switch" && step.is_done())
      record_switch(tx, flight.run, flight.event, step, at);
    if (step.name == "verify" && step.is_done()) note_verified(tx, flight.run.id, at);
    const bool is_settled = step.outcome != "unknown" || !step.finding.empty();
    if (is_settled && step.finding != "not_done") {
      tell(tx, telling_, at, flight.run.id, message_for_step(telling_.service, flight.run, step));
    }
  });
}

void Runner::finish(const InFlight& flight, const std::string& outcome, const std::string& detail) {
  const Run& run = flight.run;
  const auto written = journal_.write(flight.stop, [&](Transaction& tx) {
    const WallTime now = clock_.now();
    end_open_steps(tx, run.id, now, "its end could not be written down");
    const auto steps = steps_of(tx, run.id);
    // Whatever kept the backup beside a rollback from being taken, its lack is told.
    const bool lacks_backup =
        run.with_backup && run.action == "rollback" && !is_among_the_done("backup", steps);
    const std::string told = lacks_backup ? and_no_backup(detail) : detail;
    end_run(tx, run.id, now, outcome, told);
    if (outcome == "failed" || outcome == "unknown") note_run_failed(tx, run.id, now, told);
    look_again_at_approvals(tx);
    tell(tx, telling_, now, run.id, message_for_end(telling_.service, run, outcome, told));
    if (run.action == "deploy" && outcome == "failed" && is_among_the_done("switch", steps)) {
      // The bad release serves. Whether to go back is the policy's to say, like for any other
      // event. Of one that nobody could look at nothing is known, and people are told.
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
  if (written.end == journal::Written::End::never) {
    end_as_unknown(flight, detail + "; " + written.why);
  }
  log::info("run ended",
            {{"run", run.id}, {"action", run.action}, {"outcome", outcome}, {"detail", detail}});
}

// What follows from its end is what could not be written: a person is called, and if not even that
// can be, it is the end alone, so that the next event can be decided.
void Runner::end_as_unknown(const InFlight& flight, const std::string& detail) {
  const Run& run = flight.run;
  const auto end = [&](Transaction& tx) {
    end_open_steps(tx, run.id, clock_.now(), "its end could not be written down");
    end_run(tx, run.id, clock_.now(), "unknown", detail);
  };
  const auto told = journal_.write(flight.stop, [&](Transaction& tx) {
    end(tx);
    tell(tx, telling_, clock_.now(), run.id,
         message_for_end(telling_.service, run, "unknown", detail));
  });
  if (told.end == journal::Written::End::never) journal_.insist(flight.stop, end);
}

}  // namespace backstay
