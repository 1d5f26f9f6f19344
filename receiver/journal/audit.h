#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// One line of what happened, for people and for `backstay audit --json`.
struct AuditEntry {
  WallTime at;
  std::string kind;     // event, approval, decision, run, step, release, notification
  std::string what;     // "alert_firing", "act", "rollback started", "switch done", …
  std::string subject;  // the alert, the release or the rule it is about
  std::string actor;
  std::string why;            // the reason, or the step's detail
  std::int64_t event_id = 0;  // 0: none
  std::int64_t run_id = 0;    // 0: none
  std::int64_t token = 0;     // a step's fencing token; 0: none
};

// Everything from `since` on, in the order in which it happened: a view of the journal's tables,
// there is no second record that could disagree. At most `limit` entries, the newest.
std::vector<AuditEntry> read_audit(Transaction& tx, WallTime since, std::int64_t limit);

}  // namespace backstay::journal
