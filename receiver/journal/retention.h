#pragma once

#include <cstdint>

#include "base/clock.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// How far the journal was looked through for old rows.
struct RetentionPlace {
  std::int64_t event = 0;    // the last that was looked at
  std::int64_t message = 0;  // of the outbox, likewise
  bool has_more = true;      // there may be old rows behind it
};

// Looks at no more than so many events and messages at a time: a decision that waits for the
// journal waits a few milliseconds.
constexpr int kRetentionStep = 100;

// One small step: removes events with their facts, decisions, runs and steps, and messages, that
// ended before the given time and that nothing needs any more (docs/JOURNAL.md#what-is-removed).
// Counts what it removed in `totals`. Returns the place to go on from.
RetentionPlace remove_old(Transaction& tx, WallTime before, const RetentionPlace& from);

}  // namespace backstay::journal
