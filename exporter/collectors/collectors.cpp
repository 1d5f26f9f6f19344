#include "exporter/collectors/collectors.h"

#include "exporter/collectors/pg/pg_database.h"
#include "exporter/collectors/pg/pg_database_wraparound.h"
#include "exporter/collectors/pg/pg_locks.h"
#include "exporter/collectors/pg/pg_long_running_transactions.h"
#include "exporter/collectors/pg/pg_postmaster.h"
#include "exporter/collectors/pg/pg_replication.h"
#include "exporter/collectors/pg/pg_replication_slots.h"
#include "exporter/collectors/pg/pg_roles.h"
#include "exporter/collectors/pg/pg_server.h"
#include "exporter/collectors/pg/pg_settings.h"
#include "exporter/collectors/pg/pg_stat_activity.h"
#include "exporter/collectors/pg/pg_stat_archiver.h"
#include "exporter/collectors/pg/pg_stat_bgwriter.h"
#include "exporter/collectors/pg/pg_stat_checkpointer.h"
#include "exporter/collectors/pg/pg_stat_database.h"
#include "exporter/collectors/pg/pg_stat_progress_vacuum.h"
#include "exporter/collectors/pg/pg_stat_replication.h"
#include "exporter/collectors/pg/pg_stat_statements.h"
#include "exporter/collectors/pg/pg_stat_user_tables.h"
#include "exporter/collectors/pg/pg_table_size.h"
#include "exporter/collectors/pg/pg_wal.h"
#include "exporter/collectors/sql/sql_collector.h"

namespace backstay::collectors {
namespace {

using Table = std::vector<std::unique_ptr<Collector>>;

// Those that can take long first: they should not begin last.
void add_pg(Table& table, const PgOptions& options) {
  if (options.tables_max > 0) {
    table.push_back(std::make_unique<ViewCollector>(pg_stat_user_tables(options.tables_max)));
    table.push_back(std::make_unique<PgTableSize>(options.tables_max));
  }
  if (options.statements_top > 0) table.push_back(std::make_unique<PgStatStatements>(options));
  for (View (*view)() :
       {pg_database, pg_server, pg_postmaster, pg_stat_database, pg_stat_activity, pg_locks,
        pg_database_wraparound, pg_stat_bgwriter, pg_stat_checkpointer, pg_stat_archiver,
        pg_stat_replication, pg_replication_slots, pg_replication, pg_wal, pg_roles,
        pg_long_running_transactions, pg_stat_progress_vacuum}) {
    table.push_back(std::make_unique<ViewCollector>(view()));
  }
  table.push_back(std::make_unique<PgSettings>());
}

}  // namespace

Table make_collectors(bool with_pg, const std::vector<SqlQuery>& queries,
                      const PgOptions& options) {
  Table table;
  if (with_pg) add_pg(table, options);
  for (const SqlQuery& query : queries) {
    if (!query.events) table.push_back(std::make_unique<SqlCollector>(query));
  }
  return table;
}

Table make_event_collectors(const std::vector<SqlQuery>& queries, const EventServices& services) {
  Table table;
  for (const SqlQuery& query : queries) {
    if (query.events) table.push_back(std::make_unique<EventCollector>(*query.events, services));
  }
  return table;
}

}  // namespace backstay::collectors
