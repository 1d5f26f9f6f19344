#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_user_tables_* and pg_statio_user_tables_*{datname, schemaname, relname} of the tables_max
// largest tables of the database that the exporter is connected to. Their sizes are PgTableSize's.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ALL-TABLES-VIEW
View pg_stat_user_tables(int tables_max);

}  // namespace backstay::collectors
