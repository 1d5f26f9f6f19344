#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "receiver/drivers/driver.h"

namespace backstay::test {

// A service of nothing but names: one release is live, some are kept. `before` is called, with the
// lock free, before each change and may do anything; what it returns is then the step's result.
class ScriptedDriver final : public Driver {
 public:
  using Hook = std::function<std::optional<StepResult>(const std::string& what, const Attempt&)>;

  StepResult stage(const std::string& release, const Attempt& attempt) override {
    if (auto result = call("stage " + release, attempt)) return *result;
    const MutexLock lock(mutex_);
    if (std::find(kept_.begin(), kept_.end(), release) == kept_.end()) kept_.push_back(release);
    return {Outcome::done, ""};
  }
  StepResult switch_to(const std::string& release, const Attempt& attempt) override {
    if (auto result = call("switch " + release, attempt)) return *result;
    set_live(release);
    return {Outcome::done, ""};
  }
  Result<std::optional<std::string>> current() override {
    if (on_question) on_question();
    const MutexLock lock(mutex_);
    if (!problem_.empty()) return fail(problem_);
    return live_;
  }
  Result<std::vector<std::string>> kept() override {
    const MutexLock lock(mutex_);
    if (!problem_.empty()) return fail(problem_);
    return kept_;
  }

  void set_live(std::optional<std::string> release) {
    const MutexLock lock(mutex_);
    live_ = std::move(release);
  }
  void set_kept(std::vector<std::string> releases) {
    const MutexLock lock(mutex_);
    kept_ = std::move(releases);
  }
  // An empty problem: it answers again.
  void set_problem(const std::string& problem) {
    const MutexLock lock(mutex_);
    problem_ = problem;
  }
  // "switch 1", "stage 2", … in order.
  [[nodiscard]] std::vector<std::string> calls() const {
    const MutexLock lock(mutex_);
    return calls_;
  }

  Hook before;
  std::function<void()> on_question;

 private:
  std::optional<StepResult> call(const std::string& what, const Attempt& attempt) {
    {
      const MutexLock lock(mutex_);
      calls_.push_back(what);
    }
    return before ? before(what, attempt) : std::nullopt;
  }

  mutable Mutex mutex_;
  std::optional<std::string> live_ GUARDED_BY(mutex_);
  std::vector<std::string> kept_ GUARDED_BY(mutex_);
  std::string problem_ GUARDED_BY(mutex_);
  std::vector<std::string> calls_ GUARDED_BY(mutex_);
};

}  // namespace backstay::test
