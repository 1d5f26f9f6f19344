#include "exporter/collectors/pg_stat_database.h"

#include <array>

namespace backstay::collectors {
namespace {

using metrics::Type;

struct Column {
  const char* name;
  Type type;
  int since = 0;  // server_version_num
};

constexpr std::array<Column, 26> kColumns{{
    {"numbackends", Type::gauge},
    {"xact_commit", Type::counter},
    {"xact_rollback", Type::counter},
    {"blks_read", Type::counter},
    {"blks_hit", Type::counter},
    {"tup_returned", Type::counter},
    {"tup_fetched", Type::counter},
    {"tup_inserted", Type::counter},
    {"tup_updated", Type::counter},
    {"tup_deleted", Type::counter},
    {"conflicts", Type::counter},
    {"temp_files", Type::counter},
    {"temp_bytes", Type::counter},
    {"deadlocks", Type::counter},
    {"checksum_failures", Type::untyped, 120000},
    {"checksum_last_failure", Type::untyped, 120000},
    {"blk_read_time", Type::counter},
    {"blk_write_time", Type::counter},
    {"session_time", Type::untyped, 140000},
    {"active_time", Type::untyped, 140000},
    {"idle_in_transaction_time", Type::untyped, 140000},
    {"sessions", Type::untyped, 140000},
    {"sessions_abandoned", Type::untyped, 140000},
    {"sessions_fatal", Type::untyped, 140000},
    {"sessions_killed", Type::untyped, 140000},
    {"stats_reset", Type::counter},
}};

bool is_time(std::string_view column) {
  return column == "stats_reset" || column == "checksum_last_failure";
}

std::string sql_for(int server_version) {
  std::string sql = "SELECT datid, coalesce(datname, '')";
  for (const Column& column : kColumns) {
    if (server_version < column.since) continue;
    const std::string name = column.name;
    sql += ", ";
    sql += is_time(name) ? "extract(epoch FROM " + name + ") AS " + name : name;
  }
  return sql + " FROM pg_stat_database";
}

}  // namespace

const std::string& PgStatDatabase::name() const {
  static const std::string name = "stat_database";
  return name;
}

Result<metrics::Families> PgStatDatabase::collect(pg::Connection& connection,
                                                  const pg::Limits& limits) const {
  const int version = connection.server_version();
  const auto rows = connection.query(sql_for(version), limits);
  if (!rows) return fail(rows.error());
  metrics::Families families;
  std::size_t at = 2;
  for (const Column& column : kColumns) {
    if (version < column.since) continue;
    metrics::Family family{std::string("pg_stat_database_") + column.name,
                           std::string("Column ") + column.name + " of pg_stat_database.",
                           column.type,
                           {}};
    for (std::size_t row = 0; row < rows->size(); ++row) {
      const auto value = rows->number(row, at);
      if (!value) continue;
      family.samples.push_back({{{"datid", std::string(rows->at(row, 0).value_or(""))},
                                 {"datname", std::string(rows->at(row, 1).value_or(""))}},
                                *value,
                                {}});
    }
    families.push_back(std::move(family));
    ++at;
  }
  return families;
}

}  // namespace backstay::collectors
