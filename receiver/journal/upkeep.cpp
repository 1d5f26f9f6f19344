#include "receiver/journal/upkeep.h"

#include <exception>

#include "base/log.h"
#include "base/timestamp.h"

namespace backstay::journal {
namespace {

// When the clock was last trusted; in a journal from before that was written down, when the newest
// event came.
std::optional<WallTime> last_trusted(Transaction& tx) {
  for (const char* sql : {"SELECT total FROM totals WHERE name = 'clock' AND first = 'trusted_ms'",
                          "SELECT received_at FROM events ORDER BY id DESC LIMIT 1"}) {
    Statement row = tx.prepare(sql);
    if (row.next()) return from_unix_ms(row.integer(0));
  }
  return std::nullopt;
}

// Not while the clock is not: a process after this one would take its time for a good one.
void note_trusted(Transaction& tx, WallTime now) {
  tx.prepare(
        "INSERT INTO totals VALUES ('clock', 'trusted_ms', '', ?1) "
        "ON CONFLICT DO UPDATE SET total = ?1")
      .bind(to_unix_ms(now))
      .run();
}

}  // namespace

bool Upkeep::may_remove(WallTime now, SteadyTime steady) {
  if (!time_) {
    const auto read =
        journal_.read([&](Transaction& tx) { time_.emplace(last_trusted(tx), now, steady); });
    if (!read) return false;
  }
  const WallTime expected = time_->expected(steady);
  const bool is_held = !time_->observe(now, steady);
  if (is_held && !is_held_) {
    log::warn("the clock jumped: nothing old is removed until its time has held for a day",
              {{"expected", format_rfc3339(expected)}, {"found", format_rfc3339(now)}});
  } else if (is_held_ && !is_held) {
    log::info("the clock is trusted again, and what is old is removed",
              {{"now", format_rfc3339(now)}});
  }
  is_held_ = is_held;
  return !is_held;
}

bool Upkeep::go_round() {
  const WallTime now = clock_.now();
  const SteadyTime steady = clock_.steady();
  const bool removes = may_remove(now, steady);
  if (steady - began_ >= kFromTheBeginning) {
    place_ = {};
    began_ = steady;
  }
  RetentionPlace reached = place_;
  const auto written = journal_.write([&](Transaction& tx) {
    if (removes) {
      reached = remove_old(tx, now - keep_, place_);
      note_trusted(tx, now);
    }
    tx.prepare(
          "INSERT INTO totals VALUES ('upkeep', 'rounds', '', 1) "
          "ON CONFLICT DO UPDATE SET total = total + 1")
        .run();
  });
  if (written) {
    if (!can_write_) log::info("the journal can be written again");
    place_ = reached;
  } else if (can_write_) {
    log::error("the journal cannot be written", {{"error", written.error().message}});
  }
  can_write_ = written.has_value();
  return can_write_ && removes && place_.has_more;
}

// An exception must not end the thread.
void Upkeep::run(const std::stop_token& stop) {
  bool has_more = false;
  do {
    try {
      has_more = go_round();
    } catch (const std::exception& error) {
      log::error("the journal's upkeep met an exception", {{"error", error.what()}});
      has_more = false;
    }
  } while (clock_.sleep(has_more ? kPause : std::chrono::milliseconds(kInterval), stop));
}

}  // namespace backstay::journal
