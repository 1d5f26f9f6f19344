#include "exporter/collectors/pg/pg_table_size.h"

#include "exporter/collectors/pg/user_tables.h"

namespace backstay::collectors {
namespace {

using metrics::Type;

enum Column : std::size_t { datname, schemaname, relname, table_size, index_size, locked, tables };

// A size takes in the indexes and what is stored out of line: a lock on one of those counts too.
constexpr const char* kSql = R"sql(, locked AS MATERIALIZED (
  SELECT relation AS oid FROM pg_locks
  WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), untouchable AS MATERIALIZED (
  SELECT oid FROM locked
  UNION SELECT indrelid FROM pg_index JOIN locked ON indexrelid = locked.oid
), judged AS MATERIALIZED (
  SELECT *, EXISTS (SELECT 1 FROM untouchable u WHERE u.oid IN (l.oid, l.reltoastrelid)) AS is_locked
  FROM largest l
)
SELECT current_database(), nspname, relname,
       CASE WHEN NOT is_locked THEN pg_table_size(oid) END,
       CASE WHEN NOT is_locked THEN pg_indexes_size(oid) END,
       is_locked, tables
FROM judged)sql";

metrics::Labels labels_of(const pg::Rows& rows, std::size_t row) {
  const auto text = [&rows, row](Column column) {
    return std::string(rows.at(row, column).value_or(""));
  };
  return {{"datname", text(datname)}, {"schemaname", text(schemaname)}, {"relname", text(relname)}};
}

}  // namespace

PgTableSize::PgTableSize(int tables_max)
    : sql_("WITH largest AS MATERIALIZED (" + largest_tables_sql(tables_max) + ")" + kSql) {}

const std::string& PgTableSize::name() const {
  static const std::string name = "table_size";
  return name;
}

Result<metrics::Families> PgTableSize::collect(pg::Connection& connection,
                                               const pg::Limits& limits) {
  const auto rows = connection.query(sql_, limits);
  if (!rows) return fail(rows.error());
  metrics::Family table{"pg_stat_user_tables_table_size_bytes",
                        "What the table takes on disk, without its indexes, in bytes.",
                        Type::gauge,
                        {}};
  metrics::Family index{"pg_stat_user_tables_index_size_bytes",
                        "What the table's indexes take on disk, in bytes.",
                        Type::gauge,
                        {}};
  double locked_tables = 0;
  double left_out = 0;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const metrics::Labels labels = labels_of(*rows, row);
    if (const auto size = rows->number(row, table_size))
      table.samples.push_back({labels, *size, {}});
    if (const auto size = rows->number(row, index_size))
      index.samples.push_back({labels, *size, {}});
    locked_tables += rows->number(row, locked).value_or(0);
    left_out = rows->number(row, tables).value_or(0) - static_cast<double>(rows->size());
  }
  return metrics::Families{
      std::move(table),
      std::move(index),
      {"backstay_pg_tables_locked",
       "Tables without a size, because of an exclusive lock that is held or waited for.",
       Type::gauge,
       {{{}, locked_tables, {}}}},
      {"backstay_pg_tables_left_out",
       "Tables without any metric, because there are database.max_tables larger ones.",
       Type::gauge,
       {{{}, left_out, {}}}}};
}

}  // namespace backstay::collectors
