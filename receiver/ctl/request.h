#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "receiver/ctl/command.h"

namespace backstay::ctl {

// Submits a request and follows it to its end, a line for each step as it goes by; with --json the
// whole outcome at the end. The exit code is the run's: done, failed, or refused by a guard.
Exit request_and_follow(Door& door, const Options& options, const std::string& event);

// Follows an event that is in the journal to its end, likewise.
Exit follow(Door& door, const Options& options, std::int64_t event_id);

// The release that is live, for the question; "none", or "not known".
std::string live_release(Door& door);

}  // namespace backstay::ctl
