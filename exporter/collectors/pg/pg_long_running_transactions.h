#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// Transactions that keep VACUUM from its work and hold locks: those that have been open for more
// than a minute, the age of the oldest, and sessions that hold one open and do nothing. Sessions of
// this exporter do not count.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
View pg_long_running_transactions();

}  // namespace backstay::collectors
