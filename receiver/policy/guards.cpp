#include "receiver/policy/guards.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/duration.h"
#include "base/timestamp.h"
#include "receiver/policy/approval_guards.h"

namespace backstay {
namespace {

constexpr std::string_view kAlertIsReal = "the alert fires in Prometheus, with data behind it";

// Asks one guard after the other until one says no.
class Questions {
 public:
  explicit Questions(std::vector<GuardCheck>& trail) : trail_(trail) {}

  template <class Ask>
  Questions& ask(std::string_view guard, std::string_view asks, const Ask& say) {
    if (no_) return *this;
    no_ = say();
    trail_.push_back({guard, asks, no_});
    return *this;
  }
  [[nodiscard]] const Guard& answer() const { return no_; }

 private:
  std::vector<GuardCheck>& trail_;
  Guard no_;
};

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

// Missing data is no ground to act, and no answer is not even that.
Guard condition_holds(const Case& c) {
  const auto& condition = c.facts.condition;
  if (!condition || condition->query != c.rule.when || !condition->known) {
    const bool was_asked = condition && condition->query == c.rule.when;
    return No{Reason::condition_unknown, "whether " + c.rule.when + " holds is not known: " +
                                             (was_asked ? condition->problem : "it was not asked")};
  }
  if (condition->met) return std::nullopt;
  return No{Reason::condition_not_met, "rule " + c.rule.name + " acts only when " + c.rule.when +
                                           ", which has no result in Prometheus"};
}

// Who asks for something need not say when anything began, and of our own deploy that failed we
// know which switch is to blame. Of one elsewhere we do not: a release that has served for long is
// not to blame for the next attempt at it.
Guard fits_release(const Case& c, const Deployment& live) {
  if (asks_for_something(c.event().kind) || c.is_of_our_own_run()) return std::nullopt;
  const WallTime began = c.is_alert() ? alert_began(c) : c.stored.received_at;
  // Of a clock that was set back a webhook's time says nothing.
  if (began < live.live_at && (c.is_alert() || c.now >= live.live_at)) {
    const std::string what = c.is_alert() ? c.event().subject + " began" : "it was told of";
    return No{Reason::older_than_release, what + " at " + format_rfc3339(began) +
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

// What waited for longer, for a run that was in flight or for the receiver to be up, is no longer
// what whoever asked for it would ask for. The wait for people's answer has its own end.
Guard is_recent(const Case& c) {
  if (!asks_for_something(c.event().kind) && !c.is_of_our_own_run()) return std::nullopt;
  if (c.history.approval || c.now - c.stored.received_at <= c.rule.within) return std::nullopt;
  return No{Reason::outside_window,
            "it came at " + format_rfc3339(c.stored.received_at) +
                ", longer ago than within: " + format_duration(c.rule.within)};
}

// A rollback that was asked for while a run of ours made another release live is about the one
// before it. What others made live may have been so when it was asked for.
Guard is_about_what_is_live(const Case& c, const Deployment& live) {
  const bool is_request = c.event().kind == EventKind::rollback_requested;
  // A clock that was set back says nothing.
  if (!is_request || !live.run_id || c.stored.received_at >= live.live_at || c.now < live.live_at)
    return std::nullopt;
  return No{Reason::not_the_live_release, "it was asked for at " +
                                              format_rfc3339(c.stored.received_at) +
                                              ", before release " + live.release + " went live"};
}

Guard once_per_deployment(const Case& c, const Deployment& live) {
  if (c.by_a_person()) return std::nullopt;
  // Whoever has gone back, we or people by other means: the newer release was fled from.
  if (live.kind == "rollback" || live.purpose == "rollback") {
    return No{Reason::live_is_a_rollback, "release " + live.release +
                                              " is live by a rollback; what is wrong now needs a "
                                              "person"};
  }
  for (const journal::Run& run : c.history.runs) {
    if (run.deployment_id == live.id) {
      return No{Reason::already_rolled_back, "a rollback of this deployment of release " +
                                                 live.release + " was begun once (run " +
                                                 std::to_string(run.id) + ")"};
    }
  }
  return std::nullopt;
}

int limit_per_hour(const Policy& policy, ActionKind action) {
  if (action == ActionKind::rollback) return policy.rollbacks_per_hour;
  return action == ActionKind::deploy ? policy.deploys_per_hour : std::numeric_limits<int>::max();
}

Guard not_too_often(const Case& c) {
  if (c.by_a_person()) return std::nullopt;
  const std::string_view action = to_string(c.rule.action);
  const int limit = limit_per_hour(c.policy, c.rule.action);
  int runs = 0;
  for (const journal::Run& run : c.history.runs) {
    const auto age = c.now - run.started_at;
    if (run.rule == c.rule.name && c.rule.cooldown.count() > 0 && age < c.rule.cooldown) {
      return No{Reason::cooldown, "rule " + c.rule.name + " acted at " +
                                      format_rfc3339(run.started_at) + "; its cooldown is " +
                                      format_duration(c.rule.cooldown)};
    }
    if (run.action == action && age < std::chrono::hours(1)) ++runs;
  }
  if (runs < limit) return std::nullopt;
  return No{Reason::hourly_limit, std::to_string(runs) + " " + std::string(action) +
                                      "s within the last hour; the limit is " +
                                      std::to_string(limit)};
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
  if (c.event().release == live.release) return std::nullopt;
  const std::string named = c.event().release.empty() ? "(not named)" : c.event().release;
  return No{Reason::not_the_live_release,
            "the event is about release " + named + ", but " + live.release + " is live"};
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
    case RollbackTarget::Verdict::fled_from:
      return {Reason::live_is_a_rollback,
              "release " + target.release +
                  " is the newest good one, but somebody has gone back from it; backstay rollback "
                  "RELEASE says where to go"};
    default:
      return {Reason::no_good_release,
              "there is no release to go back to; backstay releases adopt seeds the ledger"};
  }
}

Guard names_a_release(const Case& c) {
  if (!c.event().release.empty()) return std::nullopt;
  return No{Reason::release_missing, "no release was named"};
}

Guard is_not_live(const Decision& plan) {
  if (plan.release_to != plan.release_from) return std::nullopt;
  return No{Reason::already_live, "release " + plan.release_to + " is live already"};
}

// A deploy program may say that it deploys in words that ask for a deploy, as a GitHub deployment
// does. The run in whose time such a request came has answered it, however late it is looked at.
Guard was_answered_by_a_run(const Case& c, const Decision& plan) {
  if (c.by_a_person()) return std::nullopt;
  const WallTime at = c.stored.received_at;
  for (const journal::Run& run : c.history.runs) {
    const bool is_older = c.stored.id == 0 || run.event_id < c.stored.id;
    if (!is_older || run.release_to != plan.release_to || at < run.started_at) continue;
    if (run.ended_at && at > *run.ended_at) continue;
    return No{Reason::ours, "it came while our run " + std::to_string(run.id) + " (" +
                                (run.outcome.empty() ? "in flight" : run.outcome) +
                                ") was to make release " + plan.release_to +
                                " live, and is its echo or was answered by it"};
  }
  return std::nullopt;
}

// Our own switch sets off webhooks elsewhere, which come back late and in any order: where a rule
// deploys what was deployed elsewhere, they must not set off the next switch.
Guard is_no_echo(const Case& c, const Decision& plan) {
  if (asks_for_something(c.event().kind)) return was_answered_by_a_run(c, plan);
  for (const Deployment& deployment : c.history.ledger.deployments) {
    if (deployment.release != plan.release_to || !deployment.run_id) continue;
    return No{Reason::ours, "release " + plan.release_to + " went live by our run " +
                                std::to_string(*deployment.run_id) + "; this is its echo"};
  }
  return std::nullopt;
}

Guard is_not_poisoned(const Case& c, const Decision& plan) {
  const std::string poison = poison_of(c.history.ledger, plan.release_to);
  return poison.empty() ? std::nullopt : Guard(poisoned(plan.release_to, poison));
}

Guard something_is_live(const Case& c) {
  if (c.history.ledger.live() != nullptr && c.facts.live_release) return std::nullopt;
  return No{Reason::nothing_live, "no release is live"};
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

void ask_for_deploy(const Case& c, Decision& plan, Questions& questions) {
  plan.release_to = c.event().release;
  questions.ask("release_named", "a release is named", [&]() { return names_a_release(c); })
      .ask("not_live", "that release is not live yet", [&]() { return is_not_live(plan); })
      .ask("no_echo", "it is not the echo of our own deploy", [&]() { return is_no_echo(c, plan); })
      .ask("not_poisoned", "that release was not rolled back",
           [&]() { return is_not_poisoned(c, plan); });
}

void ask_for_rollback(const Case& c, Decision& plan, Questions& questions) {
  const Deployment* live = c.history.ledger.live();
  if (live != nullptr) plan.deployment_id = live->id;
  questions.ask("something_live", "a release is live", [&]() { return something_is_live(c); })
      .ask("still_asked", "what people were asked about is still live",
           [&]() { return is_still_the_question(c, *live); })
      .ask("alert_real", kAlertIsReal, [&]() { return alert_is_real(c); })
      .ask("about_live", "what happened is about the live release",
           [&]() { return names_live_release(c, *live); })
      .ask("still_live", "what was live when it was asked for is so still",
           [&]() { return is_about_what_is_live(c, *live); })
      .ask("once", "this deployment was not rolled back before, nor is it a rollback itself",
           [&]() { return once_per_deployment(c, *live); })
      .ask("nobody_refused", "nobody refused a rollback of this deployment",
           [&]() { return nobody_refused(c, *live); })
      .ask("fits_release", "it began after the release went live, within the rule's window",
           [&]() { return fits_release(c, *live); })
      .ask("target", "there is a release to go back to, kept, and the way there is safe",
           [&]() { return plan_target(c, plan); });
}

}  // namespace

bool Case::is_answered() const {
  const auto& approval = history.approval;
  return approval && approval->answered_at && facts.follow_the_answer;
}

WallTime alert_began(const Case& c) {
  WallTime began = c.event().began_at.value_or(c.stored.received_at);
  if (c.facts.alert && c.facts.alert->active_at) began = std::min(began, *c.facts.alert->active_at);
  return began;
}

Guard ask_guards(const Case& c, Decision& plan, std::vector<GuardCheck>& trail) {
  plan.action = c.rule.action;
  plan.with_backup = c.rule.with_backup;
  plan.release_from = c.facts.live_release.value_or("");
  Questions questions(trail);
  questions
      .ask("approval", "nobody refused it, and the time to approve it is not over",
           [&]() { return approval_holds(c); })
      .ask("armed", "the file disarmed is not in state_dir", [&]() { return is_armed(c); })
      .ask("recent", "it has not waited for longer than the rule's window",
           [&]() { return is_recent(c); });
  if (plan.action != ActionKind::backup) {
    questions.ask("live_known", "the driver says what is live and what it keeps",
                  [&]() { return live_is_known(c); });
  }
  if (plan.action != ActionKind::rollback && c.is_alert()) {
    questions.ask("alert_real", kAlertIsReal, [&]() { return alert_is_real(c); });
  }
  if (plan.action == ActionKind::deploy) ask_for_deploy(c, plan, questions);
  if (plan.action == ActionKind::rollback) ask_for_rollback(c, plan, questions);
  if (!c.rule.when.empty()) {
    questions.ask("when", "the rule's condition has a result in Prometheus",
                  [&]() { return condition_holds(c); });
  }
  questions
      .ask("not_too_often", "neither the rule's cooldown nor the limit per hour is reached",
           [&]() { return not_too_often(c); })
      .ask("as_approved", "it is what was approved",
           [&]() { return is_what_was_approved(c, plan); });
  return questions.answer();
}

Guard ask_again(const Case& c) {
  if (Guard no = live_is_known(c)) return no;
  if (Guard no = alert_is_real(c)) return no;
  return c.rule.when.empty() ? std::nullopt : condition_holds(c);
}

}  // namespace backstay
