#include "receiver/own_processes.h"

#include <filesystem>

namespace backstay {
namespace {

// The same, from wherever the receiver is started and whatever links lead there.
std::string one_name_of(const std::string& folder) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(folder, error);
  return error ? folder : path.string();
}

}  // namespace

OwnProcesses::OwnProcesses(ProcessRunner& runner, const std::string& state_dir)
    : runner_(runner), mark_("BACKSTAY_STATE_DIR", one_name_of(state_dir)) {}

CommandResult OwnProcesses::run(const Command& command) {
  Command own = command;
  own.environment.push_back(mark_);
  return runner_.run(own);
}

Result<Leftovers> OwnProcesses::end_leftovers(const Marks& marks, const std::stop_token& stop) {
  Marks own = marks;
  own.push_back(mark_);
  return runner_.end_leftovers(own, stop);
}

}  // namespace backstay
