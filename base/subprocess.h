#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace backstay {

// A program to run: argv[0] is a path or is looked up in PATH; no shell is ever involved.
struct Command {
  std::vector<std::string> argv;
  // The whole environment is PATH, HOME, LANG=C.UTF-8 and these.
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<std::string, Secret>> secret_environment;
  std::string standard_input;
  std::chrono::milliseconds deadline{60'000};
  std::stop_token stop;                      // ends the program early, as the deadline does
  std::size_t output_bytes_max = 64 * 1024;  // of each stream; the rest is read and dropped
};

struct CommandResult {
  enum class How {
    exited,       // code is the exit status
    signalled,    // code is the signal
    timed_out,    // the group was sent SIGTERM, after two seconds SIGKILL
    stopped,      // stop was requested; the group was ended in the same way
    not_started,  // no such program, no memory: nothing ran; err says why
  };
  How how = How::not_started;
  int code = 0;
  std::string out;
  std::string err;
  bool truncated = false;

  [[nodiscard]] bool ok() const { return how == How::exited && code == 0; }
  // "exit status 3: last line of standard error", for messages; always UTF-8.
  [[nodiscard]] std::string describe() const;
};

// Runs programs and waits for them; the seam where tests put their own. Thread-safe.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  virtual CommandResult run(const Command& command) = 0;
};

// Each program gets a process group of its own, default signal handling, no inherited descriptor
// but its three, and dies with the thread that started it (PR_SET_PDEATHSIG), so that none outlives
// a killed daemon. What it leaves in its group is killed when it ends.
class SystemProcessRunner final : public ProcessRunner {
 public:
  CommandResult run(const Command& command) override;
};

}  // namespace backstay
