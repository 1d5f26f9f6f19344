#include "exporter/collectors/pg/pg_stat_user_tables.h"

#include "exporter/collectors/pg/user_tables.h"

namespace backstay::collectors {
namespace {

using metrics::Type;

// A row with the sums of a table's indexes; NULLs where it has none.
std::string indexes_of(const std::string& table) {
  return R"sql(LATERAL (
  SELECT sum(pg_stat_get_numscans(indexrelid)) AS scans,
         sum(pg_stat_get_tuples_fetched(indexrelid)) AS fetched,
         sum(pg_stat_get_blocks_fetched(indexrelid) - pg_stat_get_blocks_hit(indexrelid))
           AS blocks_read,
         sum(pg_stat_get_blocks_hit(indexrelid)) AS blocks_hit
  FROM pg_index WHERE indrelid = )sql" +
         table + ")";
}

}  // namespace

// The functions that the views are made of, because the views group all tables before they are
// limited, and planning them takes ten times as long as all the rest.
View pg_stat_user_tables(int tables_max) {
  return View{
      "stat_user_tables",
      {{"datname", "current_database()"}, {"schemaname", "t.nspname"}, {"relname", "t.relname"}},
      {
          {"pg_stat_user_tables_seq_scan", Type::counter, "Sequential scans.",
           "pg_stat_get_numscans(t.oid)"},
          {"pg_stat_user_tables_seq_tup_read", Type::counter, "Rows read by sequential scans.",
           "pg_stat_get_tuples_returned(t.oid)"},
          {"pg_stat_user_tables_idx_scan", Type::counter, "Index scans.", "i.scans"},
          {"pg_stat_user_tables_idx_tup_fetch", Type::counter, "Rows fetched by index scans.",
           "i.fetched + pg_stat_get_tuples_fetched(t.oid)"},
          {"pg_stat_user_tables_n_tup_ins", Type::counter, "Rows inserted.",
           "pg_stat_get_tuples_inserted(t.oid)"},
          {"pg_stat_user_tables_n_tup_upd", Type::counter, "Rows updated.",
           "pg_stat_get_tuples_updated(t.oid)"},
          {"pg_stat_user_tables_n_tup_del", Type::counter, "Rows deleted.",
           "pg_stat_get_tuples_deleted(t.oid)"},
          {"pg_stat_user_tables_n_tup_hot_upd", Type::counter,
           "Rows updated without a new index entry.", "pg_stat_get_tuples_hot_updated(t.oid)"},
          {"pg_stat_user_tables_vacuum_count", Type::counter, "Times vacuumed by hand.",
           "pg_stat_get_vacuum_count(t.oid)"},
          {"pg_stat_user_tables_autovacuum_count", Type::counter, "Times vacuumed by autovacuum.",
           "pg_stat_get_autovacuum_count(t.oid)"},
          {"pg_stat_user_tables_analyze_count", Type::counter, "Times analyzed by hand.",
           "pg_stat_get_analyze_count(t.oid)"},
          {"pg_stat_user_tables_autoanalyze_count", Type::counter, "Times analyzed by autovacuum.",
           "pg_stat_get_autoanalyze_count(t.oid)"},
          {"pg_stat_user_tables_n_live_tup", Type::gauge, "Live rows, estimated.",
           "pg_stat_get_live_tuples(t.oid)"},
          {"pg_stat_user_tables_n_dead_tup", Type::gauge, "Dead rows, estimated.",
           "pg_stat_get_dead_tuples(t.oid)"},
          {"pg_stat_user_tables_n_mod_since_analyze", Type::gauge,
           "Rows changed since the last ANALYZE, estimated.",
           "pg_stat_get_mod_since_analyze(t.oid)"},
          {"pg_stat_user_tables_last_vacuum", Type::gauge,
           "When it was last vacuumed by hand, in seconds since 1970.",
           "extract(epoch FROM pg_stat_get_last_vacuum_time(t.oid))"},
          {"pg_stat_user_tables_last_autovacuum", Type::gauge,
           "When it was last vacuumed by autovacuum, in seconds since 1970.",
           "extract(epoch FROM pg_stat_get_last_autovacuum_time(t.oid))"},
          {"pg_stat_user_tables_last_analyze", Type::gauge,
           "When it was last analyzed by hand, in seconds since 1970.",
           "extract(epoch FROM pg_stat_get_last_analyze_time(t.oid))"},
          {"pg_stat_user_tables_last_autoanalyze", Type::gauge,
           "When it was last analyzed by autovacuum, in seconds since 1970.",
           "extract(epoch FROM pg_stat_get_last_autoanalyze_time(t.oid))"},
          {"pg_statio_user_tables_heap_blocks_read", Type::counter,
           "Blocks of the table read from disk, or from the system's cache.",
           "pg_stat_get_blocks_fetched(t.oid) - pg_stat_get_blocks_hit(t.oid)"},
          {"pg_statio_user_tables_heap_blocks_hit", Type::counter,
           "Blocks of the table found in the server's own cache.", "pg_stat_get_blocks_hit(t.oid)"},
          {"pg_statio_user_tables_idx_blocks_read", Type::counter,
           "Blocks of its indexes read from disk, or from the system's cache.", "i.blocks_read"},
          {"pg_statio_user_tables_idx_blocks_hit", Type::counter,
           "Blocks of its indexes found in the server's own cache.", "i.blocks_hit"},
          {"pg_statio_user_tables_toast_blocks_read", Type::counter,
           "Blocks of what is stored out of line read from disk, or from the system's cache.",
           "pg_stat_get_blocks_fetched(nullif(t.reltoastrelid, 0)) - "
           "pg_stat_get_blocks_hit(nullif(t.reltoastrelid, 0))"},
          {"pg_statio_user_tables_toast_blocks_hit", Type::counter,
           "Blocks of what is stored out of line found in the server's own cache.",
           "pg_stat_get_blocks_hit(nullif(t.reltoastrelid, 0))"},
          {"pg_statio_user_tables_tidx_blocks_read", Type::counter,
           "Blocks of the indexes of what is stored out of line read from disk, or from the "
           "system's cache.",
           "x.blocks_read"},
          {"pg_statio_user_tables_tidx_blocks_hit", Type::counter,
           "Blocks of the indexes of what is stored out of line found in the server's own cache.",
           "x.blocks_hit"},
      },
      "FROM (" + largest_tables_sql(tables_max) + ") t, " + indexes_of("t.oid") + " i, " +
          indexes_of("t.reltoastrelid") + " x",
      false};
}

}  // namespace backstay::collectors
