#include "exporter/collectors/pg/pg_replication.h"

namespace backstay::collectors {

using metrics::Type;

View pg_replication() {
  return View{
      "replication",
      {},
      {
          {"pg_replication_is_replica", Type::gauge, "Whether the server is in recovery.",
           "pg_is_in_recovery()"},
          {"pg_replication_lag_seconds", Type::gauge,
           "How far a standby is behind, in seconds; 0 on a primary.",
           "CASE WHEN NOT pg_is_in_recovery() OR "
           "pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE r.age END"},
          {"pg_replication_last_replay_seconds", Type::gauge,
           "Seconds since the last transaction that was replayed.", "r.age"},
      },
      "FROM (SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) "
      "AS age) r"};
}

}  // namespace backstay::collectors
