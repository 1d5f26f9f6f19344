#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/subprocess.h"

namespace backstay::test {

// Runs no program: keeps what it was asked to run, and ends it as the test says.
class ScriptedProcesses final : public ProcessRunner {
 public:
  CommandResult run(const Command& command) override {
    commands.push_back(command);
    return on_run(command);
  }
  Result<Leftovers> end_leftovers(const Marks& marks, const std::stop_token&) override {
    marks_to_end.push_back(marks);
    return on_end_leftovers(marks);
  }

  static CommandResult exited(int code, const std::string& out = "", const std::string& err = "") {
    CommandResult result;
    result.how = CommandResult::How::exited;
    result.code = code;
    result.out = out;
    result.err = err;
    return result;
  }
  static CommandResult ended(CommandResult::How how) {
    CommandResult result;
    result.how = how;
    return result;
  }

  std::function<CommandResult(const Command&)> on_run = [](const Command&) { return exited(0); };
  std::function<Result<Leftovers>(const Marks&)> on_end_leftovers = [](const Marks&) {
    return Leftovers();
  };
  std::vector<Command> commands;
  std::vector<Marks> marks_to_end;
};

}  // namespace backstay::test
