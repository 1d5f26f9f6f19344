#pragma once

#include <chrono>

#include "receiver/actions/action.h"
#include "receiver/policy/prometheus_alerts.h"

namespace backstay {

struct ConfirmConfig {
  std::chrono::milliseconds clear_for{60'000};    // how long the alert must stay clear, with data
  std::chrono::milliseconds within{10 * 60'000};  // until then; after that a person is called
  std::chrono::milliseconds interval{1000};
};

// The last finish line: the alert that set the run off has data and has been clear for its window.
// An answer that does not come, or comes without data, starts the window again.
class Confirm final : public Action {
 public:
  Confirm(ConfirmConfig config, AlertSource& alerts, Clock& clock)
      : config_(config), alerts_(alerts), clock_(clock) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  ConfirmConfig config_;
  AlertSource& alerts_;
  Clock& clock_;
};

}  // namespace backstay
