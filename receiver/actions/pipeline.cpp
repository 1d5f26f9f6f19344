#include "receiver/actions/pipeline.h"

#include <algorithm>

namespace backstay {
namespace {

using journal::Step;

struct Attempts {
  int count = 0;
  const Step* last = nullptr;
};

Attempts attempts_at(std::string_view name, const std::vector<Step>& steps) {
  Attempts attempts;
  for (const Step& step : steps) {
    if (step.name != name) continue;
    ++attempts.count;
    attempts.last = &step;
  }
  return attempts;
}

// A step that was cut off, and of which the check then said that it has not happened.
bool may_start_again(const StepSpec& spec, const Attempts& attempts) {
  return attempts.last->outcome == "unknown" && attempts.last->finding == "not_done" &&
         attempts.count < spec.attempts_max;
}

bool is_one_of(const std::vector<StepSpec>& specs, const std::string& name) {
  return std::any_of(specs.begin(), specs.end(),
                     [&](const StepSpec& spec) { return spec.name == name; });
}

}  // namespace

std::vector<StepSpec> steps_for(const journal::Run& run, bool for_an_alert) {
  std::vector<StepSpec> specs;
  const bool is_rollback = run.action == "rollback";
  if (run.with_backup || run.action == "backup") specs.push_back({"backup", is_rollback});
  if (run.action == "backup") return specs;
  if (run.action != "deploy" && !is_rollback) return {};
  if (run.action == "deploy") specs.push_back({"stage"});
  specs.push_back({"switch"});
  specs.push_back({"verify", false, kLooksMax});
  if (is_rollback && for_an_alert) specs.push_back({"confirm", false, kLooksMax});
  return specs;
}

NextStep next_step(const std::vector<StepSpec>& specs, const std::vector<Step>& steps) {
  if (specs.empty()) return {NextStep::What::finish, "", "unknown", "no action of that name"};
  for (const Step& step : steps) {
    if (is_one_of(specs, step.name)) continue;
    return {NextStep::What::finish, "", "unknown", "no step \"" + step.name + "\" is part of it"};
  }
  for (const StepSpec& spec : specs) {
    if (spec.alongside) continue;
    const Attempts attempts = attempts_at(spec.name, steps);
    const std::string name(spec.name);
    if (attempts.last == nullptr) return {NextStep::What::start, name, "", ""};
    if (attempts.last->is_done()) continue;
    if (may_start_again(spec, attempts)) return {NextStep::What::start, name, "", ""};
    const bool has_failed = attempts.last->outcome == "failed";
    return {NextStep::What::finish, name, has_failed ? "failed" : "unknown",
            name + ": " + attempts.last->detail};
  }
  return {NextStep::What::finish, "", "done", ""};
}

std::string needs_alongside(const std::vector<StepSpec>& specs, const std::vector<Step>& steps) {
  for (const StepSpec& spec : specs) {
    if (!spec.alongside) continue;
    const Attempts attempts = attempts_at(spec.name, steps);
    if (attempts.last == nullptr || may_start_again(spec, attempts)) return std::string(spec.name);
  }
  return "";
}

}  // namespace backstay
