#include "receiver/actions/after_leftovers.h"

namespace backstay {

CheckResult AfterLeftovers::check(const StepContext& context) {
  const auto ended = processes_.end_leftovers(context.attempt().environment(), context.stop);
  if (!ended) return {Finding::unknown, "what the attempt left: " + ended.error().message};
  CheckResult result = action_->check(context);
  if (!ended->empty()) result.detail += "; it had left " + name_processes(*ended) + ", ended now";
  return result;
}

}  // namespace backstay
