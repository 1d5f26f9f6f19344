#include "exporter/collectors/collectors.h"

#include "exporter/collectors/pg_stat_activity.h"
#include "exporter/collectors/pg_stat_database.h"
#include "exporter/collectors/sql_collector.h"

namespace backstay::collectors {

std::vector<std::unique_ptr<Collector>> make_collectors(bool with_pg,
                                                        const std::vector<SqlQuery>& queries) {
  std::vector<std::unique_ptr<Collector>> table;
  if (with_pg) {
    table.push_back(std::make_unique<PgStatDatabase>());
    table.push_back(std::make_unique<PgStatActivity>());
  }
  for (const SqlQuery& query : queries) table.push_back(std::make_unique<SqlCollector>(query));
  return table;
}

}  // namespace backstay::collectors
