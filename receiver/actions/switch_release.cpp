#include "receiver/actions/switch_release.h"

namespace backstay {

StepResult SwitchRelease::perform(const StepContext& context) {
  // Somebody may have switched since the decision; or we did, and the journal lost its end.
  if (const CheckResult before = check(context); before.finding == Finding::done) {
    return {Outcome::done, before.detail + " already"};
  }
  const StepResult result = driver_.switch_to(context.run.release_to, context.attempt());
  // Success is what the driver then says is live, not the exit status.
  const CheckResult found = check(context);
  switch (found.finding) {
    case Finding::done:
      return {Outcome::done, found.detail};
    case Finding::not_done:
      return {result.outcome == Outcome::unknown ? Outcome::unknown : Outcome::failed,
              result.detail.empty() ? found.detail : result.detail + "; " + found.detail};
    case Finding::unknown:
      break;
  }
  return {Outcome::unknown, found.detail};
}

CheckResult SwitchRelease::check(const StepContext& context) {
  const auto current = driver_.current();
  if (!current) return {Finding::unknown, current.error().message};
  const std::string live = current->value_or("no release");
  return {live == context.run.release_to ? Finding::done : Finding::not_done,
          "the driver says that " + live + " is live"};
}

}  // namespace backstay
