#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

// Which part of it is wanted, both ends included, and how much of that at most.
struct AuditRange {
  static constexpr std::int64_t kEntriesByDefault = 10'000;
  static constexpr std::size_t kBytesMax = 16 * 1024 * 1024;

  WallTime since;
  std::optional<WallTime> until = std::nullopt;
  std::int64_t entries_max = kEntriesByDefault;
  std::size_t bytes_max = kBytesMax;  // of the entries in memory, about
};

struct AuditPage {
  std::vector<AuditEntry> entries;
  bool is_truncated = false;  // there are older ones in the range
};

// The newest that there is room for, in the order in which it happened: a view of the journal's
// tables, there is no second record that could disagree.
AuditPage read_audit(Transaction& tx, const AuditRange& range);

}  // namespace backstay::journal
