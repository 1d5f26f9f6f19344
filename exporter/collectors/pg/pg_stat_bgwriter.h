#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_bgwriter_*_total. With PostgreSQL 17 most of it moved to pg_stat_checkpointer.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-BGWRITER-VIEW
View pg_stat_bgwriter();

}  // namespace backstay::collectors
