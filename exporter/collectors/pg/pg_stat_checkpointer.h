#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_checkpointer_*_total, as the newest postgres_exporter names them. PostgreSQL 17 and
// newer.
// https://www.postgresql.org/docs/17/monitoring-stats.html#MONITORING-PG-STAT-CHECKPOINTER-VIEW
View pg_stat_checkpointer();

}  // namespace backstay::collectors
