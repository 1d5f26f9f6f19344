#include "exporter/collectors/pg/pg_stat_activity.h"

namespace backstay::collectors {

using metrics::Type;

View pg_stat_activity() {
  // A session without a transaction has no duration: it counts as 0, as for postgres_exporter.
  return View{
      "stat_activity",
      {{"datname", "d.datname"}, {"state", "s.state"}},
      {
          {"pg_stat_activity_count", Type::gauge, "Sessions in this state.",
           "coalesce(a.sessions, 0)"},
          {"pg_stat_activity_max_tx_duration", Type::gauge,
           "The longest running transaction in this state, in seconds.", "coalesce(a.longest, 0)"},
      },
      R"sql(
FROM pg_database d
CROSS JOIN unnest(ARRAY['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)',
                        'fastpath function call', 'disabled']) AS s (state)
LEFT JOIN (
  SELECT datid, state, count(*) AS sessions, max(extract(epoch FROM clock_timestamp() - xact_start)) AS longest
  FROM pg_stat_get_activity(NULL) GROUP BY datid, state
) a ON a.datid = d.oid AND a.state = s.state
)sql"};
}

}  // namespace backstay::collectors
