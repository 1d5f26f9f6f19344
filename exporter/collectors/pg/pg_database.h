#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_database_size_bytes{datname} and pg_database_connection_limit{datname}. The size of a database
// that the role may not connect to is not asked for: PostgreSQL would refuse the whole query.
// https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-ADMIN-DBSIZE
View pg_database();

}  // namespace backstay::collectors
