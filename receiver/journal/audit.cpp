#include "receiver/journal/audit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/timestamp.h"

namespace backstay::journal {
namespace {

// Columns: at, rank among entries of one millisecond, kind, what, subject, actor, why, event, run,
// token, place among entries of one rank and event.
constexpr const char* kAudit = R"sql(
WITH audit (at, rank, kind, what, subject, actor, why, event_id, run_id, token, place) AS (
  SELECT received_at, 1, 'event', kind, iif(subject = '', release, subject), actor,
         'from ' || source || iif(deliveries > 1, ', delivered ' || deliveries || ' times', '') ||
         iif(details LIKE '%"not_understood"%' AND json_valid(details),
             coalesce((SELECT group_concat(', not understood: ' || key || ': ' || value, '')
                         FROM json_each(details, '$.not_understood')), ''), ''),
         id, 0, 0, 0
    FROM events
  UNION ALL
  SELECT asked_at, 2, 'approval', 'asked', iif(release_to = '', action, release_to), 'rule ' || rule,
         explanation, event_id, 0, 0, 0
    FROM approvals
  UNION ALL
  SELECT answered_at, 3, 'approval', answer, iif(release_to = '', action, release_to), actor, reason,
         event_id, 0, 0, 0
    FROM approvals WHERE answered_at IS NOT NULL
  UNION ALL
  SELECT d.decided_at, 4, 'decision', d.verdict, d.reason, iif(d.rule = '', 'policy', 'rule ' || d.rule),
         d.explanation, d.event_id, coalesce(r.id, 0), 0, 0
    FROM decisions d LEFT JOIN runs r ON r.event_id = d.event_id
  UNION ALL
  SELECT started_at, 5, 'run', action || ' started', release_to, iif(rule = '', 'person', 'rule ' || rule),
         iif(release_from = '' OR action = 'backup', '', 'from release ' || release_from), event_id, id, 0, 0
    FROM runs
  UNION ALL
  SELECT ended_at, 8, 'run', action || ' ' || outcome, release_to, 'backstay', detail, event_id, id, 0, 0
    FROM runs WHERE ended_at IS NOT NULL
  UNION ALL
  SELECT s.started_at, 6, 'step', s.name || ' started', r.release_to, 'backstay', '', r.event_id, r.id, s.token,
         3 * s.token
    FROM steps s JOIN runs r ON r.id = s.run_id
  UNION ALL
  SELECT s.ended_at, 6, 'step', s.name || ' ' || s.outcome, r.release_to, 'backstay',
         coalesce(s.detail, ''), r.event_id, r.id, s.token, 3 * s.token + 1
    FROM steps s JOIN runs r ON r.id = s.run_id WHERE s.ended_at IS NOT NULL
  UNION ALL
  SELECT s.checked_at, 6, 'step', s.name || ' found ' || s.finding, r.release_to, 'backstay',
         coalesce(s.detail, ''), r.event_id, r.id, s.token, 3 * s.token + 2
    FROM steps s JOIN runs r ON r.id = s.run_id WHERE s.checked_at IS NOT NULL
  UNION ALL
  SELECT at, 7, 'release', what, release, actor, reason, 0, 0, 0, id FROM changes
  UNION ALL
  SELECT coalesce(sent_at, given_up_at), 9, 'notification',
         iif(sent_at IS NULL, 'given up', 'sent'), title, channel, coalesce(last_error, ''), 0,
         coalesce(run_id, 0), 0, 0
    FROM outbox WHERE sent_at IS NOT NULL OR given_up_at IS NOT NULL
)
SELECT at, kind, what, subject, actor, why, event_id, run_id, token FROM audit
WHERE at >= ? AND at <= ? ORDER BY at DESC, rank DESC, event_id DESC, place DESC LIMIT ?
)sql";

std::size_t bytes_of(const AuditEntry& entry) {
  return sizeof(entry) + entry.kind.size() + entry.what.size() + entry.subject.size() +
         entry.actor.size() + entry.why.size();
}

}  // namespace

AuditPage read_audit(Transaction& tx, const AuditRange& range) {
  Statement select = tx.prepare(kAudit);
  select.bind(to_unix_ms(range.since));
  select.bind(range.until ? to_unix_ms(*range.until) : std::numeric_limits<std::int64_t>::max());
  select.bind(range.entries_max + 1);
  AuditPage page;
  std::size_t bytes = 0;
  while (!page.is_truncated && select.next()) {
    AuditEntry entry{from_unix_ms(select.integer(0)),
                     select.text(1),
                     select.text(2),
                     select.text(3),
                     select.text(4),
                     select.text(5),
                     select.integer(6),
                     select.integer(7),
                     select.integer(8)};
    bytes += bytes_of(entry);
    const bool has_room = static_cast<std::int64_t>(page.entries.size()) < range.entries_max &&
                          (bytes <= range.bytes_max || page.entries.empty());
    page.is_truncated = !has_room;
    if (has_room) page.entries.push_back(std::move(entry));
  }
  std::reverse(page.entries.begin(), page.entries.end());
  return page;
}

}  // namespace backstay::journal
