#include "exporter/collectors/pg/pg_replication_slots.h"

namespace backstay::collectors {

using metrics::Type;

View pg_replication_slots() {
  return View{"replication_slots",
              {{"slot_name", "slot_name"}, {"database", "database"}},
              {
                  {"pg_replication_slots_active", Type::gauge,
                   "Whether somebody reads from the slot.", "active"},
                  {"pg_replication_slots_pg_wal_lsn_diff", Type::gauge,
                   "Bytes of WAL that are kept for the slot.",
                   "pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() "
                   "ELSE pg_current_wal_lsn() END, restart_lsn)"},
              },
              "FROM pg_replication_slots"};
}

}  // namespace backstay::collectors
