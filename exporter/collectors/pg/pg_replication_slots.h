#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_replication_slots_{active, pg_wal_lsn_diff}{slot_name, database}: what each slot holds back.
// https://www.postgresql.org/docs/15/view-pg-replication-slots.html
View pg_replication_slots();

}  // namespace backstay::collectors
