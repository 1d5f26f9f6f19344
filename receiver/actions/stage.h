#pragma once

#include "receiver/actions/action.h"

namespace backstay {

// Brings the release up beside the live one.
class Stage final : public Action {
 public:
  explicit Stage(Driver& driver) : driver_(driver) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  Driver& driver_;
};

}  // namespace backstay
