#include "receiver/worker/second_look.h"

#include <string>

#include "base/duration.h"

namespace backstay {
namespace {

// Another release than that of the decision is refused by the switch itself. Nothing live is no
// hindrance to it, but may mean by now that somebody works on the service.
std::string what_speaks_against(const StepContext& context, const Facts& facts,
                                const Policy& policy, WallTime now) {
  const journal::Run& run = context.run;
  if (facts.live_known && !facts.live_release && !run.release_from.empty()) {
    return "no release is live, and no longer " + run.release_from;
  }
  return speaks_against(context.event, run.action, facts, policy, now);
}

}  // namespace

StepResult SecondLook::perform(const StepContext& context) {
  const journal::Run& run = context.run;
  const auto age = std::chrono::floor<std::chrono::seconds>(clock_.now() - run.started_at);
  if (age <= kFactsHoldFor) return action_->perform(context);
  const Facts facts =
      facts_.gather(context.event, condition_for(context.event, policy_), patience_, context.stop);
  // Unknown: that it was not done is found out, and the run ends, or goes on, as ever.
  if (context.stop.stop_requested()) return {Outcome::unknown, "stopped before it began"};
  if (facts.disarmed) return {Outcome::unknown, "disarmed before it began"};
  if (facts.live_release == run.release_to) return action_->perform(context);
  const std::string late = format_duration(age) + " after it was decided";
  const std::string why_not = what_speaks_against(context, facts, policy_, clock_.now());
  if (!why_not.empty()) return {Outcome::failed, "not begun " + late + ": " + why_not};
  StepResult result = action_->perform(context);
  result.detail += "; begun " + late + ", when nothing spoke against it";
  return result;
}

}  // namespace backstay
