#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_archiver_{archived_count, failed_count} and the age of the last archived WAL file in
// seconds.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ARCHIVER-VIEW
View pg_stat_archiver();

}  // namespace backstay::collectors
