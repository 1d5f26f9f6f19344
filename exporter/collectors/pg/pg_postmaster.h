#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_postmaster_start_time_seconds: when the server was started.
// https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SESSION-TABLE
View pg_postmaster();

}  // namespace backstay::collectors
