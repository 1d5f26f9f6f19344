#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// How many WAL files there are, and what they take. Needs pg_monitor.
// https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-ADMIN-GENFILE-TABLE
View pg_wal();

}  // namespace backstay::collectors
