#include "receiver/actions/switch_release.h"

namespace backstay {
namespace {

constexpr std::chrono::milliseconds kHeardOfWithin{10'000};
constexpr std::chrono::milliseconds kAskAgainAfter{250};

CheckResult judged(const Result<std::optional<std::string>>& current, const std::string& wanted) {
  if (!current) return {Finding::unknown, current.error().message};
  const std::string live = current->value_or("no release");
  return {live == wanted ? Finding::done : Finding::not_done,
          "the driver says that " + live + " is live"};
}

}  // namespace

StepResult SwitchRelease::perform(const StepContext& context) {
  const journal::Run& run = context.run;
  // Somebody may have switched since the decision; or we did, and the journal lost its end.
  const auto before = driver_.current();
  const CheckResult now = judged(before, run.release_to);
  if (now.finding == Finding::done) return {Outcome::done, now.detail + " already"};
  if (before && *before && **before != run.release_from) {
    const std::string was = run.release_from.empty() ? "no release" : run.release_from;
    return {Outcome::failed,
            now.detail + ", and no longer " + was + ": somebody else has switched"};
  }
  const StepResult result = driver_.switch_to(run.release_to, context.attempt());
  // Success is what the driver then says is live, not the exit status.
  const CheckResult found = check_until_live(context, result);
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
  return judged(driver_.current(), context.run.release_to);
}

CheckResult SwitchRelease::check_until_live(const StepContext& context, const StepResult& said) {
  const SteadyTime end = clock_.steady() + kHeardOfWithin;
  CheckResult found = check(context);
  while (said.outcome == Outcome::done && found.finding == Finding::not_done &&
         clock_.steady() < end && clock_.sleep(kAskAgainAfter, context.stop)) {
    found = check(context);
  }
  return found;
}

}  // namespace backstay
