#include "exporter/collectors/pg/pg_long_running_transactions.h"

namespace backstay::collectors {

using metrics::Type;

View pg_long_running_transactions() {
  return View{"long_running_transactions",
              {},
              {
                  {"pg_long_running_transactions", Type::gauge,
                   "Transactions that have been open for more than a minute.",
                   "count(*) FILTER (WHERE clock_timestamp() - xact_start > interval '1 minute')"},
                  {"pg_long_running_transactions_oldest_timestamp_seconds", Type::gauge,
                   "The age of the oldest open transaction, in seconds.",
                   "max(extract(epoch FROM clock_timestamp() - xact_start))"},
                  {"backstay_pg_idle_in_transaction_sessions", Type::gauge,
                   "Sessions that hold a transaction open and do nothing.",
                   "count(*) FILTER (WHERE state LIKE 'idle in transaction%')"},
                  {"backstay_pg_idle_in_transaction_seconds_max", Type::gauge,
                   "How long the idlest of them has done nothing, in seconds.",
                   "max(extract(epoch FROM clock_timestamp() - state_change)) FILTER (WHERE state "
                   "LIKE 'idle "
                   "in transaction%')"},
              },
              "FROM pg_stat_activity "
              "WHERE application_name <> 'backstay' AND backend_type <> 'autovacuum worker' AND "
              "xact_start IS NOT NULL"};
}

}  // namespace backstay::collectors
