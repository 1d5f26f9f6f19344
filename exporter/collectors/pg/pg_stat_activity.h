#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_activity_count and pg_stat_activity_max_tx_duration (seconds) by {datname, state}: every
// database with every state, zero where no session is in it, as postgres_exporter 0.11 has them.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
View pg_stat_activity();

}  // namespace backstay::collectors
