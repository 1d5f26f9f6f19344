#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace backstay {

// How a step ended. Unknown is not failed: it may have happened.
enum class Outcome { done, failed, unknown };

struct StepResult {
  Outcome outcome = Outcome::unknown;
  std::string detail;  // for people; never a secret
};

// Which attempt at which run asks, for a driver that wants to fence off older ones.
struct Attempt {
  std::int64_t run_id = 0;
  std::int64_t token = 0;  // only grows
  std::stop_token stop;    // ends what is being waited for

  // Told to every program that is run for it, so that what outlives its attempt can be fenced off.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    return {{"BACKSTAY_RUN", std::to_string(run_id)},
            {"BACKSTAY_FENCING_TOKEN", std::to_string(token)}};
  }
};

// Where a release lives. Thread-safe: the operator asks while the worker works.
class Driver {
 public:
  virtual ~Driver() = default;
  // Brings a release up beside the live one, ready to be switched to. A second time changes
  // nothing.
  virtual StepResult stage(const std::string& release, const Attempt& attempt) = 0;
  // Makes a staged release the live one. A second time changes nothing.
  virtual StepResult switch_to(const std::string& release, const Attempt& attempt) = 0;
  // What is live now; no value: nothing is.
  virtual Result<std::optional<std::string>> current() = 0;
  // Releases that can be switched to at once.
  virtual Result<std::vector<std::string>> kept() = 0;
};

}  // namespace backstay
