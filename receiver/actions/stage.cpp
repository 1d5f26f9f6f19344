#include "receiver/actions/stage.h"

#include <algorithm>

namespace backstay {

StepResult Stage::perform(const StepContext& context) {
  return driver_.stage(context.run.release_to, context.attempt());
}

CheckResult Stage::check(const StepContext& context) {
  const auto kept = driver_.kept();
  if (!kept) return {Finding::unknown, kept.error().message};
  const bool is_up = std::find(kept->begin(), kept->end(), context.run.release_to) != kept->end();
  return is_up ? CheckResult{Finding::done, "the driver keeps it"}
               : CheckResult{Finding::not_done, "the driver does not keep it"};
}

}  // namespace backstay
