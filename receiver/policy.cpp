#include "receiver/policy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/duration.h"
#include "base/timestamp.h"

namespace backstay {
namespace {

constexpr std::array<std::string_view, 26> kReasonNames{
    "asked",
    "release_to_blame",
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
    "not_rollback_safe",
};
static_assert(kReasonNames.size() == static_cast<std::size_t>(Reason::not_rollback_safe) + 1);

// What a guard says: nothing, or why not.
struct No {
  Reason reason;
  std::string explanation;
};
using Guard = std::optional<No>;

// Everything a guard may look at.
struct Case {
  const StoredEvent& stored;
  const Facts& facts;
  const History& history;
  const Policy& policy;
  const Rule& rule;
  WallTime now;

  [[nodiscard]] const Event& event() const { return stored.event; }
  [[nodiscard]] bool by_a_person() const { return event().source == "cli"; }
  [[nodiscard]] bool is_alert() const { return event().kind == EventKind::alert_firing; }
};

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

// What a person asks for on the command line needs no rule: this stands in for one.
std::optional<Rule> rule_for_a_person(const Event& event) {
  Rule rule;
  rule.on = event.kind;
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

std::optional<Rule> rule_for(const Event& event, const Policy& policy) {
  if (event.source == "cli") return rule_for_a_person(event);
  const auto found = std::find_if(policy.rules.begin(), policy.rules.end(),
                                  [&](const Rule& rule) { return matches(rule, event); });
  return found == policy.rules.end() ? std::nullopt : std::optional(*found);
}

// An alert began when its condition first held, which is before it fired; Alertmanagers of a pair
// may disagree, so the earliest time that anyone names counts.
WallTime alert_began(const Case& c) {
  WallTime began = c.event().began_at.value_or(c.stored.received_at);
  if (c.facts.alert && c.facts.alert->active_at) began = std::min(began, *c.facts.alert->active_at);
  return began;
}

Guard alert_is_real(const Case& c) {
  if (!c.is_alert()) return std::nullopt;
  if (!c.facts.alert || !c.facts.alert->known) {
    const std::string why = c.facts.alert ? c.facts.alert->problem : "it was not asked";
    return No{Reason::alert_unknown, "Prometheus could not confirm the alert: " + why};
  }
  if (!c.facts.alert->has_data) {
    return No{Reason::no_data, "Prometheus has no data behind " + c.event().subject +
                                   "; missing data is no ground to act on"};
  }
  if (!c.facts.alert->firing) {
    return No{Reason::alert_not_firing, c.event().subject + " is no longer firing in Prometheus"};
  }
  return std::nullopt;
}

Guard alert_fits_release(const Case& c, const Deployment& live) {
  if (!c.is_alert()) return std::nullopt;
  const WallTime began = alert_began(c);
  if (began < live.live_at) {
    return No{Reason::older_than_release, c.event().subject + " began at " + format_rfc3339(began) +
                                              ", before release " + live.release +
                                              " went live at " + format_rfc3339(live.live_at)};
  }
  if (began - live.live_at > c.rule.within || c.now - live.live_at > c.rule.within) {
    return No{Reason::outside_window,
              "release " + live.release + " has been live since " + format_rfc3339(live.live_at) +
                  ", longer than within: " + format_duration(c.rule.within)};
  }
  return std::nullopt;
}

Guard once_per_deployment(const Case& c, const Deployment& live) {
  if (c.by_a_person()) return std::nullopt;
  if (live.kind == "rollback") {
    return No{Reason::live_is_a_rollback, "release " + live.release +
                                              " is live by a rollback; what is wrong now needs a "
                                              "person"};
  }
  for (const journal::Run& run : c.history.runs) {
    if (run.deployment_id == live.id) {
      return No{Reason::already_rolled_back, "this deployment of release " + live.release +
                                                 " was already rolled back once (run " +
                                                 std::to_string(run.id) + ")"};
    }
  }
  return std::nullopt;
}

Guard not_too_often(const Case& c) {
  if (c.by_a_person()) return std::nullopt;
  int rollbacks = 0;
  for (const journal::Run& run : c.history.runs) {
    const auto age = c.now - run.started_at;
    if (run.rule == c.rule.name && c.rule.cooldown.count() > 0 && age < c.rule.cooldown) {
      return No{Reason::cooldown, "rule " + c.rule.name + " acted at " +
                                      format_rfc3339(run.started_at) + "; its cooldown is " +
                                      format_duration(c.rule.cooldown)};
    }
    if (run.action == "rollback" && age < std::chrono::hours(1)) ++rollbacks;
  }
  if (c.rule.action == ActionKind::rollback && rollbacks >= c.policy.rollbacks_per_hour) {
    return No{Reason::hourly_limit, std::to_string(rollbacks) +
                                        " rollbacks within the last hour; the limit is " +
                                        std::to_string(c.policy.rollbacks_per_hour)};
  }
  return std::nullopt;
}

Guard is_armed(const Case& c) {
  if (!c.facts.disarmed) return std::nullopt;
  return No{Reason::disarmed, "the file disarmed is in state_dir"};
}

Guard live_is_known(const Case& c) {
  if (c.facts.live_known) return std::nullopt;
  return No{Reason::live_unknown,
            "the driver could not tell what is live: " + c.facts.driver_problem};
}

Guard names_live_release(const Case& c, const Deployment& live) {
  // A request names where to go; what happened elsewhere names what it happened to.
  if (asks_for_something(c.event().kind) || c.is_alert()) return std::nullopt;
  if (c.event().release.empty() || c.event().release == live.release) return std::nullopt;
  return No{Reason::not_the_live_release, "the event is about release " + c.event().release +
                                              ", but " + live.release + " is live"};
}

std::string poison_of(const Ledger& ledger, const std::string& name) {
  const Release* release = ledger.find(name);
  return release != nullptr && release->poisoned_at ? release->poison_reason : "";
}

No poisoned(const std::string& release, const std::string& why) {
  return {Reason::poisoned, "release " + release + " was rolled back (" + why +
                                "); backstay releases clear " + release +
                                " --reason TEXT takes that off"};
}

No no_target(const RollbackTarget& target) {
  switch (target.verdict) {
    case RollbackTarget::Verdict::not_rollback_safe:
      return {Reason::not_rollback_safe,
              "release " + target.release + " must not be rolled back over"};
    case RollbackTarget::Verdict::not_kept:
      return {Reason::not_kept, "release " + target.release +
                                    " was the last good one, but the driver no longer keeps it"};
    default:
      return {Reason::no_good_release,
              "there is no release to go back to; backstay releases adopt seeds the ledger"};
  }
}

// The first guard that says no, in the order in which a person would ask.
Guard first_no(std::initializer_list<Guard> guards) {
  for (const Guard& guard : guards) {
    if (guard) return guard;
  }
  return std::nullopt;
}

Guard plan_deploy(const Case& c, Decision& plan) {
  if (c.event().release.empty()) return No{Reason::release_missing, "no release was named"};
  plan.release_to = c.event().release;
  if (plan.release_to == plan.release_from) {
    return No{Reason::already_live, "release " + plan.release_to + " is live already"};
  }
  const std::string poison = poison_of(c.history.ledger, plan.release_to);
  if (!poison.empty()) return poisoned(plan.release_to, poison);
  return std::nullopt;
}

// A person may name where to go; otherwise it is the newest good release.
Guard plan_target(const Case& c, Decision& plan) {
  RollbackTarget target = rollback_target(c.history.ledger, c.facts.kept_releases);
  if (!c.event().release.empty() && c.event().kind == EventKind::rollback_requested) {
    const std::string& wanted = c.event().release;
    const auto& kept = c.facts.kept_releases;
    if (wanted == plan.release_from) {
      return No{Reason::already_live, "release " + wanted + " is live already"};
    }
    const std::string poison = poison_of(c.history.ledger, wanted);
    if (!poison.empty()) return poisoned(wanted, poison);
    if (std::find(kept.begin(), kept.end(), wanted) == kept.end()) {
      return No{Reason::not_kept, "the driver does not keep release " + wanted};
    }
    if (const auto unsafe = in_the_way(c.history.ledger, wanted)) {
      return no_target({RollbackTarget::Verdict::not_rollback_safe, *unsafe});
    }
    target = {RollbackTarget::Verdict::found, wanted};
  }
  if (target.verdict != RollbackTarget::Verdict::found) return no_target(target);
  plan.release_to = target.release;
  return std::nullopt;
}

Guard plan_rollback(const Case& c, Decision& plan) {
  const Deployment* live = c.history.ledger.live();
  if (live == nullptr || !c.facts.live_release) {
    return No{Reason::nothing_live, "no release is live"};
  }
  plan.deployment_id = live->id;
  if (Guard no = first_no({alert_is_real(c), names_live_release(c, *live),
                           once_per_deployment(c, *live), alert_fits_release(c, *live)})) {
    return no;
  }
  return plan_target(c, plan);
}

Guard plan_action(const Case& c, Decision& plan) {
  plan.action = c.rule.action;
  plan.with_backup = c.rule.with_backup;
  plan.release_from = c.facts.live_release.value_or("");
  if (Guard no = is_armed(c)) return no;
  if (c.rule.action == ActionKind::backup) return not_too_often(c);
  if (Guard no = live_is_known(c)) return no;
  Guard no = c.rule.action == ActionKind::deploy ? plan_deploy(c, plan) : plan_rollback(c, plan);
  return no ? no : not_too_often(c);
}

std::string describe(const Case& c, const Decision& plan) {
  std::string who = c.is_alert()
                        ? c.event().subject + " began " +
                              format_duration(alert_began(c) - c.history.ledger.live()->live_at) +
                              " after release " + plan.release_from + " went live"
                        : c.event().actor + " asked for it";
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

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::act:
      return "act";
    case Verdict::refuse:
      return "refuse";
    case Verdict::observe:
      return "observe";
    case Verdict::note:
      return "note";
  }
  return "";
}

std::string_view to_string(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }

bool has_rule_for(const Event& event, const Policy& policy) {
  return rule_for(event, policy).has_value();
}

Decision decide(const StoredEvent& event, const Facts& facts, const History& history,
                const Policy& policy, WallTime now) {
  const std::optional<Rule> rule = rule_for(event.event, policy);
  if (!rule) {
    if (!asks_for_something(event.event.kind) && event.event.kind != EventKind::alert_firing) {
      return note(event, facts, history);
    }
    return decision_of(Verdict::refuse, Reason::no_rule, "no rule of the policy matches this event",
                       "");
  }
  const Case c{event, facts, history, policy, *rule, now};
  Decision plan;
  plan.rule = rule->name;
  if (const Guard no = plan_action(c, plan)) {
    Decision refusal = decision_of(Verdict::refuse, no->reason, no->explanation, rule->name);
    refusal.action = rule->action;
    return refusal;
  }
  plan.verdict = Verdict::act;
  plan.reason = c.is_alert() ? Reason::release_to_blame : Reason::asked;
  plan.explanation = describe(c, plan);
  if (policy.mode == Policy::Mode::observe && !c.by_a_person()) {
    plan.verdict = Verdict::observe;
    plan.reason = Reason::mode_observe;
    plan.explanation = "would " + plan.explanation + "; policy.mode is observe";
  }
  return plan;
}

}  // namespace backstay
