#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// What the server is and since when it runs: pg_static, pg_postmaster_start_time_seconds.
// https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SESSION-TABLE
View pg_server();

}  // namespace backstay::collectors
