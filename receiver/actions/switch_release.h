#pragma once

#include "receiver/actions/action.h"

namespace backstay {

// Makes the release the live one. Its first finish line is `serving`: the driver says so itself.
class SwitchRelease final : public Action {
 public:
  explicit SwitchRelease(Driver& driver) : driver_(driver) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  Driver& driver_;
};

}  // namespace backstay
