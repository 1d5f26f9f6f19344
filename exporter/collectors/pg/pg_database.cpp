#include "exporter/collectors/pg/pg_database.h"

#include "exporter/collectors/pg/size_schedule.h"

namespace backstay::collectors {

using metrics::Type;

View pg_database() {
  return View{
      "database",
      {{"datname", "datname"}},
      {
          {"pg_database_size_bytes", Type::gauge, "Disk space that the database takes, in bytes.",
           "CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') OR has_database_privilege(oid, "
           "'CONNECT') THEN pg_database_size(oid) END"},
          {"pg_database_connection_limit", Type::gauge,
           "How many sessions the database allows; -1: any number.", "datconnlimit"},
      },
      "FROM pg_database",
      false,
      kSizeSchedule};
}

}  // namespace backstay::collectors
