#pragma once

#include <string>
#include <utility>

#include "base/subprocess.h"

namespace backstay {

// Runs programs as another does, and tells each of them whose it is: BACKSTAY_STATE_DIR. Runs and
// fencing tokens have the same numbers in each journal, and only what this receiver has left behind
// is ended. Thread-safe where `runner` is.
class OwnProcesses final : public ProcessRunner {
 public:
  OwnProcesses(ProcessRunner& runner, const std::string& state_dir);
  CommandResult run(const Command& command) override;
  Result<Leftovers> end_leftovers(const Marks& marks, const std::stop_token& stop) override;

 private:
  ProcessRunner& runner_;
  const std::pair<std::string, std::string> mark_;
};

}  // namespace backstay
