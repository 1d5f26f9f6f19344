#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_stat_progress_vacuum_*{datname, relname, phase}: one series for each VACUUM that runs now. The
// relation of another database has no name here, its oid stands for it. PostgreSQL 17 counts dead
// rows in other units, under names of their own.
// https://www.postgresql.org/docs/17/progress-reporting.html#VACUUM-PROGRESS-REPORTING
View pg_stat_progress_vacuum();

}  // namespace backstay::collectors
