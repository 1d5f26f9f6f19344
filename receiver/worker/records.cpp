#include "receiver/worker/records.h"

#include <algorithm>

#include "base/log.h"
#include "receiver/journal/approval_log.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/outbox.h"
#include "receiver/journal/run_log.h"
#include "receiver/ledger/delivery.h"

namespace backstay {
namespace {

using journal::Run;
using journal::Transaction;

Run run_of(const StoredEvent& stored, const Decision& decision, WallTime at) {
  Run run;
  run.event_id = stored.id;
  run.action = to_string(decision.action);
  run.with_backup = decision.with_backup;
  run.release_from = decision.release_from;
  run.release_to = decision.release_to;
  run.deployment_id = decision.deployment_id;
  run.rule = decision.rule;
  run.started_at = at;
  return run;
}

// A question that is open stays so while what it rests on is not known: only an answer, the
// deadline and what is known to be so decide it.
bool stays_open(const Decision& decision, const History& history) {
  if (decision.verdict == Verdict::wait) return true;
  const bool is_open = history.approval && !history.approval->answered_at;
  return is_open && (decision.reason == Reason::alert_unknown ||
                     decision.reason == Reason::condition_unknown ||
                     decision.reason == Reason::condition_not_met ||
                     decision.reason == Reason::no_data || decision.reason == Reason::live_unknown);
}

// What is wrong with the live release is bad enough to go back, whether or not that is done.
bool finds_the_live_release_bad(const Event& event, const Decision& decision) {
  const bool is_sign =
      event.kind == EventKind::alert_firing || event.kind == EventKind::deploy_failed;
  return is_sign && decision.action == ActionKind::rollback && decision.deployment_id &&
         (decision.verdict == Verdict::act || decision.verdict == Verdict::observe ||
          decision.verdict == Verdict::wait);
}

// People are asked once, however many alerts lead to the same.
void keep_open(Transaction& tx, const Telling& telling, const StoredEvent& stored,
               const Decision& decision, const History& history, WallTime now) {
  if (history.approval) {
    mark_looked_at(tx, stored.id);
    return;
  }
  journal::Approval question;
  question.event_id = stored.id;
  question.asked_at = now;
  question.expires_at = decision.approve_until.value_or(now);
  question.rule = decision.rule;
  question.plan = {std::string(to_string(decision.action)), decision.release_from,
                   decision.release_to, decision.deployment_id};
  question.explanation = decision.explanation;
  const auto others = open_approvals(tx);
  const bool is_asked = std::any_of(others.begin(), others.end(),
                                    [&](const auto& other) { return other.plan == question.plan; });
  ask_for_approval(tx, question);
  if (is_asked) return;
  tell(tx, telling, now, std::nullopt,
       message_for_decision(telling.service, stored.event, decision));
}

// Whether it is a webhook about a release that was deployed elsewhere and is live.
bool tells_of(const std::string& live_release, const Event& event) {
  const bool tells = event.kind == EventKind::deploy_started ||
                     event.kind == EventKind::deploy_succeeded ||
                     event.kind == EventKind::deploy_failed;
  return tells && event.release == live_release && event.source != "backstay";
}

// Told once it is known, whatever becomes of the event: the release may go live by other means.
void note_unsafe(Transaction& tx, const Event& event, WallTime now) {
  if (event.release.empty() || event.details.rollback_safe.value_or(true)) return;
  ReleaseDetails unsafe;
  unsafe.rollback_safe = false;
  note_candidate(tx, event.release, now, {event.actor, unsafe});
}

// A switch of which nobody knew how it ended when its run did: the driver's word now tells. What it
// was for then holds too, above all the poison on what was rolled back.
void settle_last_switch(Transaction& tx, const std::string& live_release, WallTime now) {
  const auto run = last_switching_run(tx);
  if (!run || run->outcome != "unknown") return;
  const auto steps = steps_of(tx, run->id);
  const auto last = std::find_if(steps.rbegin(), steps.rend(),
                                 [](const journal::Step& step) { return step.name == "switch"; });
  const bool is_open = last != steps.rend() && last->outcome == "unknown" &&
                       (last->finding.empty() || last->finding == "unknown");
  if (!is_open) return;
  const bool has_happened = run->release_to == live_release;
  record_finding(tx, last->token, now, has_happened ? "done" : "not_done",
                 "after its run, release " + live_release + " is live");
  const Ledger ledger = load_ledger(tx);
  const Deployment* before = ledger.live();
  if (!has_happened || (before != nullptr && before->release != run->release_from)) return;
  const auto cause = find_event(tx, run->event_id);
  record_switch(tx, *run, cause ? cause->event : Event{}, *last, now);
}

}  // namespace

void tell(Transaction& tx, const Telling& telling, WallTime at, std::optional<std::int64_t> run_id,
          const std::optional<Notice>& message) {
  if (!message) return;
  journal::OutboxRow row;
  row.created_at = at;
  row.run_id = run_id;
  row.severity = message->severity;
  row.title = message->title;
  row.text = message->text;
  row.group_key = message->group;
  append_message(tx, row, telling.channels);
}

void record_decision(Transaction& tx, const Telling& telling, const StoredEvent& stored,
                     const Decision& decision, const History& history, WallTime now) {
  log::info("decided", {{"event", stored.id},
                        {"kind", to_string(stored.event.kind)},
                        {"verdict", to_string(decision.verdict)},
                        {"reason", to_string(decision.reason)},
                        {"explanation", decision.explanation}});
  note_unsafe(tx, stored.event, now);
  if (finds_the_live_release_bad(stored.event, decision)) {
    note_failed(tx, *decision.deployment_id, now, decision.explanation);
  }
  if (stays_open(decision, history)) {
    keep_open(tx, telling, stored, decision, history, now);
    return;
  }
  append_decision(tx,
                  {stored.id, now, std::string(to_string(decision.verdict)),
                   std::string(to_string(decision.reason)), decision.explanation, decision.rule});
  // Rule 8: a resolve is heard, and Prometheus is then asked whether it is true.
  if (stored.event.kind == EventKind::alert_resolved) look_again_at_approvals(tx);
  std::optional<std::int64_t> run_id;
  if (decision.verdict == Verdict::act) {
    run_id = append_run(tx, run_of(stored, decision, now));
    if (decision.action == ActionKind::deploy) {
      note_candidate(tx, decision.release_to, now, {stored.event.actor, stored.event.details});
    }
  }
  tell(tx, telling, now, run_id, message_for_decision(telling.service, stored.event, decision));
}

void record_refusal(Transaction& tx, const StoredEvent& stored, const Decision& refusal,
                    WallTime now) {
  if (!find_decision(tx, stored.id)) {
    append_decision(tx,
                    {stored.id, now, std::string(to_string(refusal.verdict)),
                     std::string(to_string(refusal.reason)), refusal.explanation, refusal.rule});
  }
  stop_waiting(tx, stored.id);
}

void record_switch(Transaction& tx, const Run& run, const Event& event, const journal::Step& step,
                   WallTime at) {
  // A rollback's event tells of the release that goes.
  const Origin origin{event.actor, run.action == "deploy" ? event.details : ReleaseDetails{}};
  open_deployment(tx, run.release_to, run.action, run.id, step.started_at, origin);
  if (run.action != "rollback" || !run.deployment_id) return;
  const auto decision = find_decision(tx, run.event_id);
  mark_rolled_back(tx, *run.deployment_id, at, decision ? decision->explanation : "rolled back");
}

void set_ledger_right(Transaction& tx, const Facts& facts, const StoredEvent& stored,
                      WallTime now) {
  if (!facts.live_known || !facts.live_release) return;
  const std::string& live = *facts.live_release;
  const bool is_told = tells_of(live, stored.event);
  settle_last_switch(tx, live, now);  // what is told of may be its echo
  // It was live when it was told of, and may have waited since.
  const WallTime since = is_told ? std::min(stored.received_at, now) : now;
  const Origin origin = is_told ? Origin{stored.event.actor, stored.event.details} : Origin{};
  reconcile(tx, live, since, origin);
}

}  // namespace backstay
