#include "receiver/journal/retention.h"

#include <string>

#include "base/timestamp.h"

namespace backstay::journal {
namespace {

// ?1 < id <= ?2, ?3: the time before which something is old. What is still needed:
//   an event that was sent lately (its dedupe slot), or waits for its decision;
//   an alert since the live release's switch that a rule names: it keeps that release from being
//   good; a run that made a deployment, or came after the live release's switch (guards and the
//   ledger look at those), and that of the last backup.
constexpr const char* kUnneeded = R"sql(
WITH live (id, since) AS (SELECT id, live_at FROM deployments WHERE ended_at IS NULL)
SELECT json_group_array(e.id) FROM events e JOIN decisions d ON d.event_id = e.id
LEFT JOIN runs r ON r.event_id = e.id
WHERE e.id > ?1 AND e.id <= ?2
  AND max(e.received_at, coalesce(e.last_delivered_at, 0), d.decided_at) < ?3
  AND NOT (e.kind = 'alert_firing' AND d.rule != ''
           AND EXISTS (SELECT 1 FROM live WHERE coalesce(e.began_at, e.received_at) >= since))
  AND (r.id IS NULL OR (
    coalesce(r.ended_at, ?3) < ?3
    AND NOT EXISTS (SELECT 1 FROM deployments WHERE run_id = r.id)
    AND NOT EXISTS (SELECT 1 FROM live WHERE r.started_at >= since OR r.deployment_id = id)
    AND r.id IS NOT (SELECT run_id FROM steps
                     WHERE name = 'backup' AND (outcome = 'done' OR finding = 'done')
                     ORDER BY coalesce(checked_at, ended_at) DESC LIMIT 1)))
)sql";

// In the order in which they point to each other; ?1 is a JSON list of events.
struct Removal {
  const char* table;
  const char* sql;
};
constexpr Removal kOfEvents[] = {
    {"steps",
     "DELETE FROM steps WHERE run_id IN (SELECT id FROM runs WHERE event_id IN "
     "(SELECT value FROM json_each(?1)))"},
    {"runs", "DELETE FROM runs WHERE event_id IN (SELECT value FROM json_each(?1))"},
    {"decisions", "DELETE FROM decisions WHERE event_id IN (SELECT value FROM json_each(?1))"},
    {"approvals", "DELETE FROM approvals WHERE event_id IN (SELECT value FROM json_each(?1))"},
    {"facts", "DELETE FROM facts WHERE event_id IN (SELECT value FROM json_each(?1))"},
    {"events", "DELETE FROM events WHERE id IN (SELECT value FROM json_each(?1))"},
};

void count_removed(Transaction& tx, const char* table) {
  const std::int64_t removed = tx.rows_changed();
  if (removed == 0) return;
  tx.prepare(
        "INSERT INTO totals VALUES ('removed', ?1, '', ?2) "
        "ON CONFLICT DO UPDATE SET total = total + ?2")
      .bind(table)
      .bind(removed)
      .run();
}

// The last of the next few rows that are old, and whether all of them were. Rows are in the order
// in which they came, so that the first young one ends the search.
struct Reach {
  std::int64_t last;
  bool has_more;
};
Reach reach(const Transaction& tx, const char* sql, std::int64_t from, std::int64_t before_ms) {
  Reach result{from, false};
  Statement rows = tx.prepare(sql);
  int seen = 0;
  for (rows.bind(from).bind(kRetentionStep); rows.next(); ++seen) {
    if (rows.integer(1) >= before_ms) return result;
    result.last = rows.integer(0);
  }
  result.has_more = seen == kRetentionStep;
  return result;
}

}  // namespace

RetentionPlace remove_old(Transaction& tx, WallTime before, const RetentionPlace& from) {
  const std::int64_t before_ms = to_unix_ms(before);
  const Reach events =
      reach(tx, "SELECT id, received_at FROM events WHERE id > ? ORDER BY id LIMIT ?", from.event,
            before_ms);
  if (events.last > from.event) {
    Statement unneeded = tx.prepare(kUnneeded);
    unneeded.bind(from.event).bind(events.last).bind(before_ms);
    const std::string ids = unneeded.next() ? unneeded.text(0) : "[]";
    for (const Removal& removal : kOfEvents) {
      tx.prepare(removal.sql).bind(ids).run();
      count_removed(tx, removal.table);
    }
  }
  const Reach messages =
      reach(tx, "SELECT id, created_at FROM outbox WHERE id > ? ORDER BY id LIMIT ?", from.message,
            before_ms);
  if (messages.last > from.message) {
    tx.prepare("DELETE FROM outbox WHERE id > ? AND id <= ? AND coalesce(sent_at, given_up_at) < ?")
        .bind(from.message)
        .bind(messages.last)
        .bind(before_ms)
        .run();
    count_removed(tx, "outbox");
  }
  return {events.last, messages.last, events.has_more || messages.has_more};
}

}  // namespace backstay::journal
