#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_locks_count{datname, mode}: every database with every mode, zero where there is none. Granted
// and waiting ones together, as postgres_exporter has them.
// https://www.postgresql.org/docs/15/view-pg-locks.html
View pg_locks();

}  // namespace backstay::collectors
