#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// How far the oldest transaction and multixact of each database are behind: at 2^31 the server
// stops taking writes. postgres_exporter's names say seconds; they are transactions.
// https://www.postgresql.org/docs/15/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
View pg_database_wraparound();

}  // namespace backstay::collectors
