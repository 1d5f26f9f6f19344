#include "receiver/policy/policy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/duration.h"
#include "base/timestamp.h"
#include "receiver/policy/guards.h"

namespace backstay {
namespace {

constexpr std::array<std::string_view, 34> kReasonNames{
    "asked",
    "release_to_blame",
    "approved",
    "needs_approval",
    "mode_observe",
    "happened_elsewhere",
    "alert_resolved",
    "ours",
    "no_rule",
    "disarmed",
    "live_unknown",
    "nothing_live",
    "release_missing",
    "already_live",
    "poisoned",
    "alert_unknown",
    "no_data",
    "alert_not_firing",
    "older_than_release",
    "outside_window",
    "already_rolled_back",
    "live_is_a_rollback",
    "not_the_live_release",
    "cooldown",
    "hourly_limit",
    "no_good_release",
    "not_kept",
    "approval_refused",
    "approval_expired",
    "approval_outdated",
    "not_rollback_safe",
    "undecidable",
    "condition_unknown",
    "condition_not_met",
};
static_assert(kReasonNames.size() == static_cast<std::size_t>(Reason::condition_not_met) + 1);

Decision decision_of(Verdict verdict, Reason reason, std::string explanation, std::string rule) {
  Decision decision;
  decision.verdict = verdict;
  decision.reason = reason;
  decision.explanation = std::move(explanation);
  decision.rule = std::move(rule);
  return decision;
}

bool matches(const Rule& rule, const Event& event) {
  if (rule.on != event.kind) return false;
  return std::all_of(rule.labels.begin(), rule.labels.end(), [&](const auto& wanted) {
    const auto found = event.labels.find(wanted.first);
    return found != event.labels.end() && found->second == wanted.second;
  });
}

// Whoever asks waits for the answer, perhaps behind a long backup; but not until the next day.
constexpr std::chrono::hours kAPersonWaits{2};

// What a person asks for on the command line needs no rule: this stands in for one.
std::optional<Rule> rule_for_a_person(const Event& event) {
  Rule rule;
  rule.on = event.kind;
  rule.within = kAPersonWaits;
  const auto backup = event.labels.find("backup");
  rule.with_backup = backup == event.labels.end() || backup->second != "no";
  switch (event.kind) {
    case EventKind::deploy_requested:
      rule.action = ActionKind::deploy;
      return rule;
    case EventKind::rollback_requested:
      rule.action = ActionKind::rollback;
      return rule;
    case EventKind::backup_requested:
      rule.action = ActionKind::backup;
      return rule;
    default:
      return std::nullopt;
  }
}

// One Prometheus may watch several services, and say of each alert whose it is.
bool is_of_another_service(const Event& event, const Policy& policy) {
  if (event.kind != EventKind::alert_firing && event.kind != EventKind::alert_resolved)
    return false;
  const auto service = event.labels.find("service");
  return !policy.service.empty() && service != event.labels.end() &&
         service->second != policy.service;
}

std::optional<Rule> rule_for(const Event& event, const Policy& policy) {
  if (event.source == "cli") return rule_for_a_person(event);
  if (is_of_another_service(event, policy)) return std::nullopt;
  const auto found = std::find_if(policy.rules.begin(), policy.rules.end(),
                                  [&](const Rule& rule) { return matches(rule, event); });
  return found == policy.rules.end() ? std::nullopt : std::optional(*found);
}

// What it is done for; nobody has asked for what happened elsewhere.
std::string cause_of(const Case& c, const Decision& plan) {
  const Event& event = c.event();
  const Deployment* live = c.history.ledger.live();
  switch (event.kind) {
    case EventKind::alert_firing:
      if (plan.action != ActionKind::rollback || live == nullptr) return event.subject + " fires";
      return event.subject + " began " + format_duration(alert_began(c) - live->live_at) +
             " after release " + plan.release_from + " went live";
    case EventKind::alert_resolved:
      return event.subject + " resolved";
    case EventKind::deploy_failed:
      if (c.is_of_our_own_run()) return "its deploy failed (" + event.subject + ")";
      return event.actor + " says that its deploy failed";
    case EventKind::deploy_started:
    case EventKind::deploy_succeeded:
      return event.actor + " says: " + std::string(to_string(event.kind)) + " of release " +
             event.release;
    default:
      return event.actor + " asked for it";
  }
}

std::string describe(const Case& c, const Decision& plan) {
  std::string who = cause_of(c, plan);
  switch (plan.action) {
    case ActionKind::deploy:
      return "deploy release " + plan.release_to + ": " + who;
    case ActionKind::rollback:
      return "roll back from release " + plan.release_from + " to " + plan.release_to + ": " + who;
    case ActionKind::backup:
      return "take a backup: " + who;
  }
  return who;
}

// Once people were asked it is theirs to say, also where the policy has changed meanwhile.
bool needs_approval(const Case& c) {
  return c.policy.mode == Policy::Mode::approve || c.rule.requires_approval || c.history.approval;
}

// Until when it helps to approve: an alert that is looked at after `within` is refused.
WallTime approve_until(const Case& c) {
  if (c.history.approval) return c.history.approval->expires_at;
  const WallTime until = c.now + c.policy.approve_within;
  const Deployment* live = c.history.ledger.live();
  if (!c.is_alert() || c.rule.action != ActionKind::rollback || live == nullptr) return until;
  return std::min(until, live->live_at + c.rule.within);
}

void ask_a_person(const Case& c, Decision& plan) {
  if (c.is_answered()) {
    plan.reason = Reason::approved;
    plan.explanation += "; approved by " + c.history.approval->actor;
    return;
  }
  plan.verdict = Verdict::wait;
  plan.reason = Reason::needs_approval;
  plan.approve_until = approve_until(c);
  const std::string id = c.stored.id == 0 ? "ID" : std::to_string(c.stored.id);
  plan.explanation += "; waits until " + format_rfc3339(*plan.approve_until) +
                      " for: backstay approve " + id + " (or: backstay refuse " + id + ")";
}

// The webhooks that our own switch sets off somewhere else come back to us.
Decision note(const StoredEvent& stored, const Facts& facts, const History& history) {
  const Event& event = stored.event;
  if (event.kind == EventKind::alert_resolved) {
    return decision_of(Verdict::note, Reason::alert_resolved,
                       event.subject + " resolved; what is running is not cancelled", "");
  }
  const Deployment* live = history.ledger.live();
  if (live != nullptr && live->run_id && live->release == event.release &&
      facts.live_release == event.release) {
    return decision_of(
        Verdict::note, Reason::ours,
        "release " + event.release + " is live by our run " + std::to_string(*live->run_id), "");
  }
  return decision_of(Verdict::note, Reason::happened_elsewhere,
                     std::string(to_string(event.kind)) + " of release " + event.release +
                         "; the driver says that " + facts.live_release.value_or("no release") +
                         " is live",
                     "");
}

}  // namespace

std::string_view to_string(ActionKind kind) {
  switch (kind) {
    case ActionKind::deploy:
      return "deploy";
    case ActionKind::rollback:
      return "rollback";
    case ActionKind::backup:
      return "backup";
  }
  return "";
}

std::string_view to_string(Policy::Mode mode) {
  switch (mode) {
    case Policy::Mode::observe:
      return "observe";
    case Policy::Mode::approve:
      return "approve";
    case Policy::Mode::automatic:
      return "auto";
  }
  return "";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::act:
      return "act";
    case Verdict::refuse:
      return "refuse";
    case Verdict::observe:
      return "observe";
    case Verdict::wait:
      return "wait";
    case Verdict::note:
      return "note";
  }
  return "";
}

std::string_view to_string(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }

Decision undecidable(std::string why) {
  return decision_of(Verdict::refuse, Reason::undecidable, std::move(why), "");
}

bool has_rule_for(const Event& event, const Policy& policy) {
  return rule_for(event, policy).has_value();
}

std::string condition_for(const Event& event, const Policy& policy) {
  const auto rule = rule_for(event, policy);
  return rule ? rule->when : "";
}

Decision decide(const StoredEvent& event, const Facts& facts, const History& history,
                const Policy& policy, WallTime now) {
  std::vector<GuardCheck> trail;
  return decide(event, facts, history, policy, now, trail);
}

Decision decide(const StoredEvent& event, const Facts& facts, const History& history,
                const Policy& policy, WallTime now, std::vector<GuardCheck>& trail) {
  if (!event.unreadable.empty()) return undecidable(event.unreadable);
  const std::optional<Rule> rule = rule_for(event.event, policy);
  if (!rule) {
    if (!asks_for_something(event.event.kind) && event.event.kind != EventKind::alert_firing) {
      return note(event, facts, history);
    }
    const std::string why = is_of_another_service(event.event, policy)
                                ? "the alert is about the service " +
                                      event.event.labels.at("service") + ", not " + policy.service
                                : "no rule of the policy matches this event";
    return decision_of(Verdict::refuse, Reason::no_rule, why, "");
  }
  const Case c{event, facts, history, policy, *rule, now};
  Decision plan;
  plan.rule = rule->name;
  if (const Guard no = ask_guards(c, plan, trail)) {
    const Verdict verdict = no->reason == Reason::ours ? Verdict::note : Verdict::refuse;
    Decision refusal = decision_of(verdict, no->reason, no->explanation, rule->name);
    refusal.action = rule->action;
    return refusal;
  }
  plan.verdict = Verdict::act;
  const bool is_to_blame = c.is_alert() || c.event().kind == EventKind::deploy_failed;
  plan.reason = is_to_blame ? Reason::release_to_blame : Reason::asked;
  plan.explanation = describe(c, plan);
  if (c.by_a_person()) return plan;
  if (policy.mode == Policy::Mode::observe) {
    plan.verdict = Verdict::observe;
    plan.reason = Reason::mode_observe;
    plan.explanation = "would " + plan.explanation + "; policy.mode is observe";
  } else if (needs_approval(c)) {
    ask_a_person(c, plan);
  }
  return plan;
}

std::string speaks_against(const Event& event, std::string_view action, const Facts& facts,
                           const Policy& policy, WallTime now) {
  const std::optional<Rule> rule = rule_for(event, policy);
  if (!rule || to_string(rule->action) != action) {
    return "no rule of the policy asks for it any more";
  }
  const StoredEvent stored{0, now, event};
  const History history;
  const Case c{stored, facts, history, policy, *rule, now};
  if (!c.by_a_person() && policy.mode == Policy::Mode::observe) return "policy.mode is observe";
  const Guard no = ask_again(c);
  return no ? no->explanation : "";
}

}  // namespace backstay
