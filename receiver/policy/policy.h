#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "receiver/event.h"
#include "receiver/journal/approval_log.h"
#include "receiver/journal/run_log.h"
#include "receiver/ledger/ledger.h"

namespace backstay {

enum class ActionKind { deploy, rollback, backup };
std::string_view to_string(ActionKind kind);

struct Rule {
  std::string name;
  EventKind on = EventKind::alert_firing;
  std::map<std::string, std::string> labels;      // all must be on the event, with these values
  std::chrono::milliseconds within{30 * 60'000};  // an alert's start, after the switch
  std::string when;                               // PromQL that must have a result; empty: none
  ActionKind action = ActionKind::rollback;
  bool with_backup = true;
  std::chrono::milliseconds cooldown{0};  // since this rule last acted
  bool requires_approval = false;         // in any mode
};

struct Policy {
  enum class Mode { observe, approve, automatic };
  Mode mode = Mode::observe;
  std::string service;      // an alert that says it is another one's is none of ours; empty: any
  std::vector<Rule> rules;  // the first that matches is the one
  int rollbacks_per_hour = 2;
  int deploys_per_hour = 20;
  std::chrono::milliseconds approve_within{30 * 60'000};  // then a question to people expires
};
std::string_view to_string(Policy::Mode mode);

// What Prometheus says about the alert that an event names. A rule that Prometheus does not know,
// or an answer that does not come, is not known.
struct AlertFacts {
  bool known = false;
  bool firing = false;
  bool has_data = false;              // its expression, or its data_query, has a result now
  std::optional<WallTime> active_at;  // when its condition first held
  std::string problem;                // why it is not known
};

// What Prometheus says about the `when` of the rule that the event has.
struct ConditionFacts {
  std::string query;  // what was asked
  bool known = false;
  bool met = false;          // it has a result now
  std::string problem;       // why it is not known
  bool is_hopeless = false;  // not known, and asking again would not help
};

// What was true just before a decision. Gathered by facts.h and journalled first.
struct Facts {
  WallTime gathered_at;
  // A person's answer to a question about the event was in the journal before they were gathered:
  // wall clocks that jump are no witness of that.
  bool follow_the_answer = false;
  bool live_known = false;
  std::optional<std::string> live_release;  // the driver's word; none: nothing is live
  std::vector<std::string> kept_releases;
  std::optional<AlertFacts> alert;          // only for alerts
  std::optional<ConditionFacts> condition;  // only where the rule has one
  bool disarmed = false;
  std::string driver_problem;  // why live or kept is not known
};

struct History {
  Ledger ledger;
  std::vector<journal::Run> runs;             // newest first, as far back as a guard looks
  std::optional<journal::Approval> approval;  // of the event itself, where people were asked
  std::vector<journal::Approval> refused;  // rollbacks of the live deployment that people refused
};

enum class Verdict {
  act,      // a run follows
  refuse,   // a guard said no
  observe,  // would act, but the mode is observe
  wait,     // a person is asked; the one verdict that is not final
  note,     // nothing was asked for
};
std::string_view to_string(Verdict verdict);

// Why, as a word for metrics and tests. The explanation says it with names and times.
enum class Reason {
  asked,               // act: a person or a sender asked
  release_to_blame,    // act: an alert began after its switch, within its window, or it failed
  approved,            // act: a person approved it
  needs_approval,      // wait
  mode_observe,        // observe
  happened_elsewhere,  // note
  alert_resolved,      // note
  ours,                // note: the echo of what we did ourselves
  no_rule,
  disarmed,
  live_unknown,
  nothing_live,
  release_missing,  // a deploy that names no release
  already_live,
  poisoned,
  alert_unknown,
  no_data,
  alert_not_firing,
  older_than_release,
  outside_window,
  already_rolled_back,
  live_is_a_rollback,
  not_the_live_release,
  cooldown,
  hourly_limit,
  no_good_release,
  not_kept,
  approval_refused,
  approval_expired,
  approval_outdated,  // what would be done now is not what was approved
  not_rollback_safe,
  undecidable,  // its row cannot be read, or what follows from it cannot be written
  condition_unknown,
  condition_not_met,
};
std::string_view to_string(Reason reason);

struct Decision {
  Verdict verdict = Verdict::refuse;
  Reason reason = Reason::no_rule;
  std::string explanation;                 // a sentence for people
  std::string rule;                        // empty where none matched
  ActionKind action = ActionKind::backup;  // what the rule wants
  // The rest only with act, observe and wait.
  bool with_backup = false;
  std::string release_from;
  std::string release_to;
  std::optional<std::int64_t> deployment_id;  // what a rollback undoes
  std::optional<WallTime> approve_until;      // only with wait
};

// The refusal that is left for an event of which nothing else can be said.
Decision undecidable(std::string why);

// Whether the policy may act on such an event at all; without a rule no fact matters.
bool has_rule_for(const Event& event, const Policy& policy);
// The `when` of the rule that would act on it: what has to be asked before. Empty: nothing.
std::string condition_for(const Event& event, const Policy& policy);

struct GuardCheck;  // guards.h

// The whole policy: a pure function. Events from the command line (source "cli") need no rule and
// no mode, and no cooldown: a person decided; the guards that protect data and releases hold for
// them too.
Decision decide(const StoredEvent& event, const Facts& facts, const History& history,
                const Policy& policy, WallTime now);
// The same, with each guard that was asked, in order.
Decision decide(const StoredEvent& event, const Facts& facts, const History& history,
                const Policy& policy, WallTime now, std::vector<GuardCheck>& trail);

// What speaks against beginning now what was decided about the event a while ago, by facts that
// were gathered since: a sentence for people, from the policy as it is now and the guards that look
// at the world. Empty: nothing. `action` is the run's word for it. Whether it is disarmed, and
// which release is live, is not among it.
std::string speaks_against(const Event& event, std::string_view action, const Facts& facts,
                           const Policy& policy, WallTime now);

}  // namespace backstay
