#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// An action that was decided on, from its decision to its outcome. At most one is in flight.
struct Run {
  std::int64_t id = 0;
  std::int64_t event_id = 0;
  std::string action;  // deploy, rollback, backup
  bool with_backup = false;
  std::string release_from;                   // what was live when it was decided
  std::string release_to;                     // what shall be live
  std::optional<std::int64_t> deployment_id;  // the deployment that a rollback undoes
  std::string rule;
  WallTime started_at;
  std::optional<WallTime> ended_at;
  std::string outcome;  // done, failed, unknown, stopped; empty while in flight
  std::string detail;
};

// One attempt at one step of a run. A step that was cut off is unknown; `finding` is what its check
// then found to be true.
struct Step {
  std::int64_t token = 0;  // the fencing token
  std::int64_t run_id = 0;
  std::string name;
  WallTime started_at;
  std::optional<WallTime> ended_at;
  std::string outcome;  // done, failed, unknown; empty while it runs
  std::string detail;
  std::string finding;  // done, not_done, unknown; empty unless outcome is unknown

  [[nodiscard]] bool is_done() const {
    return outcome == "done" || (outcome == "unknown" && finding == "done");
  }
};

std::int64_t append_run(Transaction& tx, const Run& run);
std::optional<Run> run_in_flight(Transaction& tx);
std::optional<Run> find_run(Transaction& tx, std::int64_t id);
// The newest that switches: a deploy or a rollback.
std::optional<Run> last_switching_run(Transaction& tx);
std::optional<Run> run_of_event(Transaction& tx, std::int64_t event_id);
void end_run(Transaction& tx, std::int64_t run_id, WallTime at, const std::string& outcome,
             const std::string& detail);
// Newest first: those that started at or after the given time, and all that were to undo the
// deployment, whatever a clock that was set back says of when they started.
std::vector<Run> runs_since(Transaction& tx, WallTime since,
                            std::optional<std::int64_t> deployment_id = std::nullopt);

// Returns the fencing token.
std::int64_t start_step(Transaction& tx, std::int64_t run_id, const std::string& name, WallTime at);
void end_step(Transaction& tx, std::int64_t token, WallTime at, const std::string& outcome,
              const std::string& detail);
// Those without an end: they are unknown.
void end_open_steps(Transaction& tx, std::int64_t run_id, WallTime at, const std::string& detail);
void record_finding(Transaction& tx, std::int64_t token, WallTime at, const std::string& finding,
                    const std::string& detail);
std::vector<Step> steps_of(Transaction& tx, std::int64_t run_id);  // in the order of their tokens

}  // namespace backstay::journal
