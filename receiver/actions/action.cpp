#include "receiver/actions/action.h"

#include <exception>

#include "base/log.h"

namespace backstay {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return "done";
    case Outcome::failed:
      return "failed";
    case Outcome::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(Finding finding) {
  switch (finding) {
    case Finding::done:
      return "done";
    case Finding::not_done:
      return "not_done";
    case Finding::unknown:
      break;
  }
  return "unknown";
}

// What the exception says goes to the log alone: it may quote what nobody looked at for secrets.
StepResult perform_safely(Action& action, const StepContext& context) {
  try {
    return action.perform(context);
  } catch (const std::exception& error) {
    log::error("a step ended in an exception", {{"error", error.what()}});
    return {Outcome::unknown, "ended in an exception; the log says which"};
  }
}

CheckResult check_safely(Action& action, const StepContext& context) {
  try {
    return action.check(context);
  } catch (const std::exception& error) {
    log::error("a check ended in an exception", {{"error", error.what()}});
    return {Finding::unknown, "the check ended in an exception; the log says which"};
  }
}

}  // namespace backstay
