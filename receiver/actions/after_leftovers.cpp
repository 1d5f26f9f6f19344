#include "receiver/actions/after_leftovers.h"

namespace backstay {

StepResult AfterLeftovers::perform(const StepContext& context) {
  if (!alive_.empty()) {
    const auto ended = processes_.end_leftovers(alive_, context.stop);
    if (!ended) {
      return {Outcome::failed, "not begun beside what an earlier attempt left: " +
                                   ended.error().message + "; end it by hand"};
    }
    alive_.clear();
  }
  return action_->perform(context);
}

CheckResult AfterLeftovers::check(const StepContext& context) {
  const Marks marks = context.attempt().environment();
  const auto ended = processes_.end_leftovers(marks, context.stop);
  if (!ended) {
    alive_ = marks;
    return {Finding::unknown, "what the attempt left: " + ended.error().message};
  }
  if (alive_ == marks) alive_.clear();
  CheckResult result = action_->check(context);
  if (!ended->empty()) result.detail += "; it had left " + name_processes(*ended) + ", ended now";
  return result;
}

}  // namespace backstay
