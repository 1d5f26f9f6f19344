#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_replication_*{application_name, client_addr, state, slot_name}: one series for each
// standby that is connected here. On a standby, for those that are connected to it, the WAL
// positions are absent.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW
View pg_stat_replication();

}  // namespace backstay::collectors
