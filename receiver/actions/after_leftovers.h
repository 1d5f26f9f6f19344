#pragma once

#include <memory>
#include <utility>

#include "base/subprocess.h"
#include "receiver/actions/action.h"

namespace backstay {

// An action that runs programs, and is looked at only when none of the attempt in question is left:
// a receiver that is killed takes its command with it, but not what the command has started, and
// that would go on beside the repeat. What cannot be ended leaves the finding unknown, and no other
// attempt, of whatever run, is begun beside it: it fails. A new process of the receiver no longer
// knows of it.
class AfterLeftovers final : public Action {
 public:
  AfterLeftovers(std::unique_ptr<Action> action, ProcessRunner& processes)
      : action_(std::move(action)), processes_(processes) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  const std::unique_ptr<Action> action_;
  ProcessRunner& processes_;
  Marks alive_;  // of the attempt whose programs could not be ended; empty: there is none
};

}  // namespace backstay
