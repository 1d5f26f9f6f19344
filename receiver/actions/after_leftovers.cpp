#include "receiver/actions/after_leftovers.h"

namespace backstay {

StepResult AfterLeftovers::perform(const StepContext& context) {
  if (alive_.empty()) return action_->perform(context);
  const auto left = processes_.end_leftovers(alive_, context.stop);
  if (context.stop.stop_requested()) return {Outcome::unknown, "stopped before it began"};
  if (left && left->alive.empty()) {
    alive_.clear();
    return action_->perform(context);
  }
  return {Outcome::failed,
          "not begun beside what an earlier attempt left: " +
              (left ? "cannot end " + name_processes(left->alive) + "; end it by hand"
                    : left.error().message)};
}

CheckResult AfterLeftovers::check(const StepContext& context) {
  const Marks marks = context.attempt().environment();
  const auto left = processes_.end_leftovers(marks, context.stop);
  if (!left) return {Finding::unknown, "what the attempt left: " + left.error().message};
  if (!left->alive.empty()) {
    alive_ = marks;
    return {Finding::unknown, "what the attempt left: cannot end " + name_processes(left->alive)};
  }
  if (alive_ == marks) alive_.clear();
  CheckResult result = action_->check(context);
  if (!left->ended.empty()) {
    result.detail += "; it had left " + name_processes(left->ended) + ", ended now";
  }
  return result;
}

}  // namespace backstay
