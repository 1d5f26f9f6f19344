#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_database_*{datid, datname}, as postgres_exporter 0.11 names them, with its types: the
// view's columns and those of pg_stat_database_conflicts. Shared objects have the datid 0.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW
View pg_stat_database();

}  // namespace backstay::collectors
