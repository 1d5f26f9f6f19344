#pragma once

#include "receiver/actions/action.h"

namespace backstay {

// Makes the release the live one. Its first finish line is `serving`: the driver says so itself,
// for which it has ten seconds: what stands before a service may take some to hear of a switch.
// Where another release went live since the decision, it is left alone.
class SwitchRelease final : public Action {
 public:
  SwitchRelease(Driver& driver, Clock& clock) : driver_(driver), clock_(clock) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  CheckResult check_until_live(const StepContext& context, const StepResult& said);

  Driver& driver_;
  Clock& clock_;
};

}  // namespace backstay
