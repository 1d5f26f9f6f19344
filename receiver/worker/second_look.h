#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "receiver/actions/action.h"
#include "receiver/policy/facts.h"

namespace backstay {

// A switch that may come long after it was decided: the receiver was down meanwhile, or waited for
// a disk or a backup. What speaks for it is then asked once more, as for a late approval, and it
// fails without being begun where that is no longer so.
class SecondLook final : public Action {
 public:
  // For so long after the decision its facts are taken to be true, by the wall clock: one that
  // jumps has them asked for once more than needed, or once less.
  static constexpr std::chrono::minutes kFactsHoldFor{10};

  // `patience`: with a Prometheus that is silent. What is passed by reference must outlive it.
  SecondLook(std::unique_ptr<Action> action, const FactGatherer& facts, const Policy& policy,
             std::chrono::milliseconds patience, Clock& clock)
      : action_(std::move(action)),
        facts_(facts),
        policy_(policy),
        patience_(patience),
        clock_(clock) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override { return action_->check(context); }

 private:
  const std::unique_ptr<Action> action_;
  const FactGatherer& facts_;
  const Policy& policy_;
  const std::chrono::milliseconds patience_;
  Clock& clock_;
};

}  // namespace backstay
