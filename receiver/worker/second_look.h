#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "receiver/actions/action.h"
#include "receiver/policy/facts.h"

namespace backstay {

// A switch that may come long after it was decided: the receiver was down meanwhile, or waited for
// a disk or a backup. Whether its rule, its alert and its condition stand is then asked once more,
// and where they do not, or nothing is live any more, it fails without being begun.
class SecondLook final : public Action {
 public:
  // For so long after the decision its facts are taken to be true, by the wall clock: one that
  // jumps has them asked for once more than needed, or once less.
  static constexpr std::chrono::minutes kFactsHoldFor{10};

  // With a Prometheus that has started with the machine, and evaluates a rule once a minute.
  static constexpr std::chrono::minutes kPatience{3};

  // `patience`: with a driver or a Prometheus that does not say. What is passed by reference must
  // outlive it.
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
