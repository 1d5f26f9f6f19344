#include "exporter/collectors/pg_stat_activity.h"

namespace backstay::collectors {
namespace {

// A session without a transaction has no duration: it counts as 0, as for postgres_exporter.
constexpr const char* kSql = R"sql(
WITH sessions AS (
  SELECT datname, state, count(*) AS sessions,
         max(extract(epoch FROM now() - xact_start)) AS longest
  FROM pg_stat_activity GROUP BY datname, state
)
SELECT d.datname, s.state, coalesce(a.sessions, 0), coalesce(a.longest, 0)
FROM pg_database d
CROSS JOIN unnest(ARRAY['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)',
                        'fastpath function call', 'disabled']) AS s (state)
LEFT JOIN sessions a ON a.datname = d.datname AND a.state = s.state
)sql";

}  // namespace

const std::string& PgStatActivity::name() const {
  static const std::string name = "stat_activity";
  return name;
}

Result<metrics::Families> PgStatActivity::collect(pg::Connection& connection,
                                                  const pg::Limits& limits) const {
  const auto rows = connection.query(kSql, limits);
  if (!rows) return fail(rows.error());
  metrics::Family count{
      "pg_stat_activity_count", "Sessions in this state.", metrics::Type::gauge, {}};
  metrics::Family longest{"pg_stat_activity_max_tx_duration",
                          "The longest running transaction in this state, in seconds.",
                          metrics::Type::gauge,
                          {}};
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const metrics::Labels labels{{"datname", std::string(rows->at(row, 0).value_or(""))},
                                 {"state", std::string(rows->at(row, 1).value_or(""))}};
    if (const auto value = rows->number(row, 2)) count.samples.push_back({labels, *value, {}});
    if (const auto value = rows->number(row, 3)) longest.samples.push_back({labels, *value, {}});
  }
  return metrics::Families{std::move(count), std::move(longest)};
}

}  // namespace backstay::collectors
