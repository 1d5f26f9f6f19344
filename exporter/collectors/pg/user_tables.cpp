#include "exporter/collectors/pg/user_tables.h"

namespace backstay::collectors {

std::string largest_tables_sql(int tables_max) {
  return R"sql(SELECT c.oid, n.nspname, c.relname, c.reltoastrelid, count(*) OVER () AS tables
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
  ORDER BY c.relpages DESC, c.oid LIMIT )sql" +
         std::to_string(tables_max);
}

}  // namespace backstay::collectors
