#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "receiver/drivers/driver.h"
#include "receiver/event.h"
#include "receiver/journal/run_log.h"

namespace backstay {

// What a step may know about the run it belongs to.
struct StepContext {
  const journal::Run& run;
  const Event& event;  // what set the run off
  std::int64_t token;  // of this attempt
  std::stop_token stop;

  [[nodiscard]] Attempt attempt() const { return {run.id, token, stop}; }
};

// What is true about a step that was cut off.
enum class Finding { done, not_done, unknown };

struct CheckResult {
  Finding finding = Finding::unknown;
  std::string detail;
};

// The words of the journal.
std::string_view to_string(Outcome outcome);
std::string_view to_string(Finding finding);

// One step of a run: changes the world once, and can tell afterwards whether it did. Both are
// called outside any transaction, from one thread at a time for each action.
class Action {
 public:
  virtual ~Action() = default;
  virtual StepResult perform(const StepContext& context) = 0;
  // Asked after a crash, a timeout or a failure: looks, changes nothing but leftovers of its own.
  virtual CheckResult check(const StepContext& context) = 0;
};

// The same, and an exception is an answer too: what threw may have happened, and the thread goes
// on.
StepResult perform_safely(Action& action, const StepContext& context);
CheckResult check_safely(Action& action, const StepContext& context);

}  // namespace backstay
