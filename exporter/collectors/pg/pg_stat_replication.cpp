#include "exporter/collectors/pg/pg_stat_replication.h"

namespace backstay::collectors {

using metrics::Type;

// The functions that the views are made of: planning the views takes as long as ten others.
View pg_stat_replication() {
  // CASE does not evaluate what it does not take: pg_current_wal_lsn() is an error on a standby.
  return View{"stat_replication",
              {{"application_name", "a.application_name"},
               {"client_addr", "a.client_addr"},
               {"state", "w.state"},
               {"slot_name", "s.slot_name"}},
              {
                  {"pg_stat_replication_pg_current_wal_lsn_bytes", Type::gauge,
                   "The server's WAL position, in bytes.",
                   "CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), "
                   "'0/0') END"},
                  {"pg_stat_replication_pg_wal_lsn_diff", Type::gauge,
                   "Bytes of WAL that the standby has not replayed.",
                   "CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), "
                   "w.replay_lsn) END"},
                  {"pg_stat_replication_reply_time", Type::untyped,
                   "When the standby last sent a message, in seconds since 1970.",
                   "extract(epoch FROM w.reply_time)"},
              },
              "FROM pg_stat_get_wal_senders() w JOIN pg_stat_get_activity(NULL) a ON a.pid = w.pid "
              "LEFT JOIN pg_get_replication_slots() s ON s.active_pid = w.pid"};
}

}  // namespace backstay::collectors
