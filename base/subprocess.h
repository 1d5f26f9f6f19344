#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/leftovers.h"
#include "base/secret.h"
#include "base/unended_children.h"

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
    unended,      // for either reason, but not even SIGKILL ended it in time: it may go on working
                  // as process `code`
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
  // Ends what is left of programs that were run with all of these in their environment, by this
  // process or by one before it. See end_leftovers(); an unended child is alive too.
  virtual Result<Leftovers> end_leftovers(const Marks& marks, const std::stop_token& stop) = 0;
};

// For ending programs. A test has others.
struct EndingLimits {
  std::chrono::milliseconds term_grace{2000};        // between SIGTERM and SIGKILL
  std::chrono::milliseconds kill_grace{5000};        // after SIGKILL; then it is given up
  std::chrono::milliseconds leftovers_within{5000};  // for what is left of programs
  int (*kill)(pid_t, int) = ::kill;
};

// Each program gets a process group of its own, default signal handling, no inherited descriptor
// but its three. What it leaves in its group is killed when it ends. It dies with the thread that
// started it (PR_SET_PDEATHSIG), so also with a killed daemon; what it has started by then, or runs
// as another user, does not: that is what end_leftovers() is for.
class SystemProcessRunner final : public ProcessRunner {
 public:
  explicit SystemProcessRunner(const EndingLimits& limits = {}) : limits_(limits) {}
  CommandResult run(const Command& command) override;
  Result<Leftovers> end_leftovers(const Marks& marks, const std::stop_token& stop) override;

 private:
  const EndingLimits limits_;
  UnendedChildren unended_;
};

}  // namespace backstay
