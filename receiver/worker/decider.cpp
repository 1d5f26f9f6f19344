#include "receiver/worker/decider.h"

#include <algorithm>
#include <string>
#include <utility>

#include "receiver/journal/approval_log.h"
#include "receiver/journal/event_log.h"
#include "receiver/policy/history.h"
#include "receiver/worker/batch.h"

namespace backstay {
namespace {

using journal::Transaction;
using journal::Written;

constexpr std::chrono::milliseconds kBetweenSharedLooks{100};

}  // namespace

Decider::Decider(Telling telling, std::chrono::milliseconds patience, Policy policy,
                 PatientJournal& journal, const FactGatherer& facts, Clock& clock)
    : telling_(std::move(telling)),
      patience_(patience),
      policy_(std::move(policy)),
      journal_(journal),
      facts_(facts),
      clock_(clock) {}

std::vector<StoredEvent> Decider::next(Transaction& tx) const {
  const auto event = next_undecided(tx, clock_.now());
  return event ? batch_from(tx, *event, policy_) : std::vector<StoredEvent>{};
}

// In a storm of events that no rule names, one look every so often is enough for all of them.
void Decider::let_more_come(std::vector<StoredEvent>& batch, const std::stop_token& stop) {
  if (!may_share_a_look(batch.front().event, policy_)) return;
  const SteadyTime now = clock_.steady();
  if (shared_look_at_ && now - *shared_look_at_ < kBetweenSharedLooks) {
    const auto left = kBetweenSharedLooks - (now - *shared_look_at_);
    if (!clock_.sleep(std::chrono::ceil<std::chrono::milliseconds>(left), stop)) return;
    const StoredEvent first = batch.front();
    (void)journal_.read([&](Transaction& tx) { batch = batch_from(tx, first, policy_); });
  }
  shared_look_at_ = clock_.steady();
}

bool Decider::was_answered(const StoredEvent& stored, WallTime& answered_at) {
  bool is_answered = false;
  (void)journal_.read([&](Transaction& tx) {
    const auto approval = find_approval(tx, stored.id);
    is_answered = approval && approval->answered_at;
    if (is_answered) answered_at = *approval->answered_at;
  });
  return is_answered;
}

// One event waits for a driver or a Prometheus that is silent; those that came in meanwhile have
// waited with it, and those that no rule names need not wait. Otherwise a storm of alerts would
// hold up what a person asks for by hours.
Facts Decider::gather_facts(const StoredEvent& stored, const std::stop_token& stop) {
  WallTime asked_at = stored.received_at;
  const bool is_answered = was_answered(stored, asked_at);
  if (clock_.now() < silent_until_) silent_until_ = {};  // the clock was set back
  const bool must_wait = has_rule_for(stored.event, policy_) && asked_at > silent_until_;
  const auto patience = must_wait ? patience_ : std::chrono::milliseconds(0);
  const std::string condition = condition_for(stored.event, policy_);
  Facts facts = facts_.gather(stored.event, condition, patience, stop);
  facts.follow_the_answer = is_answered;
  if (must_wait && !is_complete(stored.event, facts)) silent_until_ = clock_.now();
  return facts;
}

void Decider::decide_each(Transaction& tx, const std::vector<StoredEvent>& part,
                          const Facts& facts) {
  const WallTime now = clock_.now();
  for (const StoredEvent& stored : part) {
    const bool is_first = &stored == &part.front();
    if (is_first || stored.event.release == facts.live_release) {
      set_ledger_right(tx, facts, stored, now);
    }
  }
  const StoredEvent& first = part.front();
  const History history = load_history(tx, first.id, first.received_at, policy_, now);
  for (const StoredEvent& stored : part) {
    const Decision decision = decide(stored, facts, history, policy_, now);
    record_decision(tx, telling_, stored, decision, history, now);
  }
}

// What cannot be written down, though the journal is well, must not keep others from being decided.
// Nor must the message about it.
void Decider::refuse(const StoredEvent& stored, const std::string& why,
                     const std::stop_token& stop) {
  const WallTime now = clock_.now();
  const Decision refusal =
      undecidable("event " + std::to_string(stored.id) +
                  " is not acted on: its decision could not be written: " + why);
  const Written told = journal_.write(stop, [&](Transaction& tx) {
    record_refusal(tx, stored, refusal, now);
    tell(tx, telling_, now, std::nullopt,
         message_for_decision(telling_.service, stored.event, refusal));
  });
  if (told.end != Written::End::never) return;
  journal_.insist(stop, [&](Transaction& tx) { record_refusal(tx, stored, refusal, now); });
}

bool Decider::decide_part(const std::vector<StoredEvent>& part, const Facts& facts, Keeping keeping,
                          const std::stop_token& stop) {
  const std::string facts_json = to_json(facts);
  const auto keep_facts = [&](Transaction& tx) {
    for (const StoredEvent& stored : part) {
      append_facts(tx, stored.id, facts.gathered_at, facts_json);
    }
  };
  Written written;
  if (keeping == Keeping::before) written = journal_.write(stop, keep_facts);
  if (written) {
    written = journal_.write(stop, [&](Transaction& tx) {
      if (keeping == Keeping::together) keep_facts(tx);
      decide_each(tx, part, facts);
    });
  }
  if (written.end != Written::End::never) return bool(written);
  if (part.size() == 1) {
    refuse(part.front(), written.why, stop);
    return !stop.stop_requested();
  }
  return std::all_of(part.begin(), part.end(), [&](const StoredEvent& stored) {
    return decide_part({stored}, facts, keeping, stop);
  });
}

// Where there are several, none is acted on, and people were asked about none: one look at the
// world and one history are true for all of them, and that look need not be on disk before what was
// decided by it.
void Decider::decide_on(std::vector<StoredEvent> batch, const std::stop_token& stop) {
  let_more_come(batch, stop);
  const Facts facts = gather_facts(batch.front(), stop);
  if (stop.stop_requested()) return;
  const Keeping keeping = batch.size() == 1 ? Keeping::before : Keeping::together;
  for (auto from = batch.begin(); from != batch.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(batch.end() - from, kDecidedTogetherMax);
    const std::vector<StoredEvent> part(std::make_move_iterator(from), std::make_move_iterator(to));
    if (!decide_part(part, facts, keeping, stop)) return;
    from = to;
  }
}

}  // namespace backstay
