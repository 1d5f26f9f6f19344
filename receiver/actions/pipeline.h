#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "receiver/journal/run_log.h"

namespace backstay {

// A step whose finding is not_done has not happened and is started again, so often in all.
inline constexpr int kAttemptsMax = 3;
// One that only looks harms nobody by looking again, however often the receiver is restarted
// meanwhile: an update of it, or a crash of something else, must not be taken for a bad release.
inline constexpr int kLooksMax = 100;

// How the steps of a run follow from what its journal says so far. Pure, so that a run goes on
// after a crash exactly as it would have gone on without one.
//
//   backup:    backup
//   deploy:    backup · stage · switch · verify
//   rollback:  switch · verify · confirm, with backup alongside
//
// A rollback switches back to a release that is still there and changes no data: its backup must
// not delay it, and a backup that fails is told and does not block. A deploy waits for its backup.
struct StepSpec {
  std::string_view name;
  bool alongside = false;  // runs beside the others; its failure does not end the run
  int attempts_max = kAttemptsMax;
};

// The steps of this run, in order. Only a rollback for an alert can be confirmed. None for an
// action that is none of the above: such a row is no ground to change anything.
std::vector<StepSpec> steps_for(const journal::Run& run, bool for_an_alert);

// What to do next.
struct NextStep {
  enum class What { start, finish };
  What what = What::finish;
  std::string step;     // with start
  std::string outcome;  // with finish: done, failed, unknown
  std::string detail;   // with finish
};
// Steps alongside are not considered; see needs_alongside(). A run with a step that is not its own
// goes no further.
NextStep next_step(const std::vector<StepSpec>& specs, const std::vector<journal::Step>& steps);

// The step alongside that has still to be started, or an empty name.
std::string needs_alongside(const std::vector<StepSpec>& specs,
                            const std::vector<journal::Step>& steps);

}  // namespace backstay
