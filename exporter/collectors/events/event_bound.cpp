#include "exporter/collectors/events/event_bound.h"

#include <cstdint>

namespace backstay::collectors {
namespace {

// A session about to begin a transaction is active first and has its start a moment later: until
// then the start of its statement, which it will be, stands in. A walsender's statement is
// START_REPLICATION, as old as the walsender, and no transaction.
// A session that is in a transaction and has no start switched its tracking on half-way.
// Vacuum runs for hours and inserts nothing; its workers are left out.
// Of a session that is hidden from us next to all is NULL, its kind too.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
constexpr const char* kSessionsSql = R"sql(
SELECT pg_is_in_recovery(),
       (extract(epoch FROM statement_timestamp()) * 1000000)::bigint,
       (extract(epoch FROM least(statement_timestamp(), min(coalesce(xact_start,
          CASE WHEN backend_type = 'client backend' AND state IN ('active', 'fastpath function call')
               THEN query_start END)))) * 1000000)::bigint,
       count(*) FILTER (WHERE backend_type IS NULL),
       count(*) FILTER (WHERE state = 'disabled' OR (xact_start IS NULL AND backend_type IS NOT NULL
          AND (backend_xid IS NOT NULL OR state LIKE 'idle in transaction%')))
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type IS DISTINCT FROM 'autovacuum worker'
)sql";

constexpr const char* kPreparedSql =
    "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()";

// Times are whole microseconds: a double holds them exactly until the year 2255.
EventTime time_at(const pg::Rows& rows, std::size_t column) {
  return EventTime(
      std::chrono::microseconds(static_cast<std::int64_t>(rows.number(0, column).value_or(0))));
}

}  // namespace

std::string to_string(Hold hold) {
  switch (hold) {
    case Hold::standby:
      return "standby";
    case Hold::hidden_session:
      return "hidden_session";
    case Hold::tracking_off:
      return "tracking_off";
    case Hold::prepared_transaction:
      return "prepared_transaction";
  }
  return "";
}

// In this order: a transaction that is being prepared leaves the sessions only once it is among the
// prepared ones, and leaves those only once its rows are visible.
Result<Bound> read_bound(pg::Connection& connection, const pg::Limits& limits) {
  const auto sessions = connection.query(kSessionsSql, limits);
  if (!sessions) return fail(sessions.error());
  const auto prepared = connection.query(kPreparedSql, limits);
  if (!prepared) return fail(prepared.error());
  if (!sessions->number(0, 1) || !sessions->number(0, 2)) return fail("the server has no clock");
  Bound bound{time_at(*sessions, 1), time_at(*sessions, 2), {}};
  if (sessions->at(0, 0) == "t") bound.holds.insert(Hold::standby);
  if (sessions->number(0, 3) != 0) bound.holds.insert(Hold::hidden_session);
  if (sessions->number(0, 4) != 0) bound.holds.insert(Hold::tracking_off);
  if (prepared->number(0, 0) != 0) bound.holds.insert(Hold::prepared_transaction);
  return bound;
}

}  // namespace backstay::collectors
