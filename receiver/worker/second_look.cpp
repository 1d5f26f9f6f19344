#include "receiver/worker/second_look.h"

#include <string>

#include "base/duration.h"

namespace backstay {

StepResult SecondLook::perform(const StepContext& context) {
  const auto age = std::chrono::floor<std::chrono::seconds>(clock_.now() - context.run.started_at);
  if (age <= kFactsHoldFor) return action_->perform(context);
  const Event& event = context.event;
  const Facts facts = facts_.gather(event, condition_for(event, policy_), patience_, context.stop);
  if (context.stop.stop_requested()) return {Outcome::unknown, "stopped before it began"};
  const std::string late = format_duration(age) + " after it was decided";
  const std::string why_not = speaks_against(event, facts, policy_, clock_.now());
  if (!why_not.empty()) return {Outcome::failed, "not begun, " + late + ": " + why_not};
  StepResult result = action_->perform(context);
  result.detail += "; begun " + late + ", and what it was decided by was still so";
  return result;
}

}  // namespace backstay
