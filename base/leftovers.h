#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace backstay {

// Variables that a program was given, by which it is known again, and with it all that it started.
using Marks = std::vector<std::pair<std::string, std::string>>;

// What was left of programs.
struct Leftovers {
  std::vector<pid_t> ended;  // now
  std::vector<pid_t> alive;  // and could not be ended
};

bool has_all(const Marks& environment, const Marks& marks);
// "process 12", "processes 12, 13"
std::string name_processes(const std::vector<pid_t>& pids);

// Ends, with SIGKILL, every process that has all of these in its environment, and looks again until
// there is none, or `within` is over, or a stop: what a command left behind when the daemon that
// ran it was killed. An error says why nothing is known; without marks it does nothing.
// Left alone is what has a session of its own: a service that was started is meant to stay.
// Not found is what changed its user or cleaned its environment, and what runs where this machine's
// /proc does not show it.
Result<Leftovers> end_leftovers(const Marks& marks, std::chrono::milliseconds within,
                                const std::stop_token& stop);

}  // namespace backstay
