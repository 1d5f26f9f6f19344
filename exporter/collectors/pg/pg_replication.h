#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// Whether this server is a standby, and how far it is behind in seconds. One that has replayed all
// that it received is not behind, however long ago the last transaction was.
// https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL
View pg_replication();

}  // namespace backstay::collectors
