#include "receiver/policy/approval_guards.h"

#include <string>

#include "base/timestamp.h"

namespace backstay {

// What a person said about this very event. An approval that has expired is none, whatever the
// policy has become since.
Guard approval_holds(const Case& c) {
  const auto& approval = c.history.approval;
  if (!approval) return std::nullopt;
  if (approval->answer == "refused") {
    return No{Reason::approval_refused,
              approval->actor + " refused it" +
                  (approval->reason.empty() ? "" : ": " + approval->reason)};
  }
  if (approval->answered_at || c.now < approval->expires_at) return std::nullopt;
  return No{
      Reason::approval_expired,
      "nobody approved it until " + format_rfc3339(approval->expires_at) + ": " +
          approval->plan.action +
          (approval->plan.release_to.empty() ? "" : " to release " + approval->plan.release_to)};
}

// A person who refused a rollback of this deployment is not asked again for each further alert.
Guard nobody_refused(const Case& c, const Deployment& live) {
  if (c.by_a_person()) return std::nullopt;
  for (const journal::Approval& refused : c.history.refused) {
    if (refused.plan.deployment_id != live.id) continue;
    return No{Reason::approval_refused,
              refused.actor + " refused to roll this deployment of release " + live.release +
                  " back (event " + std::to_string(refused.event_id) + ")" +
                  (refused.reason.empty() ? "" : ": " + refused.reason)};
  }
  return std::nullopt;
}

// People were asked about a deployment, perhaps for many alerts: with it the question goes away.
Guard is_still_the_question(const Case& c, const Deployment& live) {
  const auto& approval = c.history.approval;
  if (!approval || c.is_answered() || !approval->plan.deployment_id) return std::nullopt;
  if (approval->plan.deployment_id == live.id) return std::nullopt;
  return No{Reason::not_the_live_release, "people were asked about release " +
                                              approval->plan.release_from + ", but now " +
                                              live.release + " is live"};
}

// An approval is for what was told, and for nothing else.
Guard is_what_was_approved(const Case& c, const Decision& plan) {
  if (!c.is_answered()) return std::nullopt;
  const journal::ApprovalPlan& approved = c.history.approval->plan;
  const bool is_same =
      approved.action == to_string(plan.action) && approved.release_from == plan.release_from &&
      approved.release_to == plan.release_to && approved.deployment_id == plan.deployment_id;
  if (is_same || plan.action == ActionKind::backup) return std::nullopt;
  return No{Reason::approval_outdated, "approved was a " + approved.action + " from release " +
                                           approved.release_from + " to " + approved.release_to +
                                           "; now it would be a " +
                                           std::string(to_string(plan.action)) + " from " +
                                           plan.release_from + " to " + plan.release_to};
}

}  // namespace backstay
