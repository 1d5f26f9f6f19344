#include "exporter/collectors/pg/pg_stat_statements.h"

#include <charconv>
#include <set>

namespace backstay::collectors {
namespace {

using metrics::Type;

constexpr const char* kExtensionSql =
    "SELECT quote_ident(n.nspname), e.extversion FROM pg_extension e "
    "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";
constexpr int kQueryTextMax = 200;  // characters

// The columns of statements_sql(); the text only where it is asked for.
enum Column : std::size_t {
  user,
  datname,
  queryid,
  calls,
  seconds,
  rows_,
  read_seconds,
  write_seconds,
  statements,
  slow_by_mean,
  slow_by_max,
  query_text
};

// "1.10" → 1010
int version_number(std::string_view text) {
  int major = 0;
  int minor = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, major);
  if (parsed.ptr != end) std::from_chars(parsed.ptr + 1, end, minor);
  return major * 1000 + minor;
}

std::string text(const pg::Rows& rows, std::size_t row, Column column) {
  return std::string(rows.at(row, column).value_or(""));
}

metrics::Families top_statements(const pg::Rows& rows) {
  metrics::Families families{
      {"pg_stat_statements_calls_total", "Times executed.", Type::counter, {}},
      {"pg_stat_statements_seconds_total", "Time spent executing, in seconds.", Type::counter, {}},
      {"pg_stat_statements_rows_total", "Rows returned or changed.", Type::counter, {}},
      {"pg_stat_statements_block_read_seconds_total",
       "Time spent reading blocks, in seconds.",
       Type::counter,
       {}},
      {"pg_stat_statements_block_write_seconds_total",
       "Time spent writing blocks, in seconds.",
       Type::counter,
       {}}};
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const metrics::Labels labels{{"user", text(rows, row, user)},
                                 {"datname", text(rows, row, datname)},
                                 {"queryid", text(rows, row, queryid)}};
    for (std::size_t i = 0; i < families.size(); ++i) {
      const auto value = rows.number(row, calls + i);
      if (value) families[i].samples.push_back({labels, *value, {}});
    }
  }
  return families;
}

// The texts of the statements above, to be joined by queryid.
metrics::Family query_texts(const pg::Rows& rows) {
  metrics::Family family{
      "pg_stat_statements_query_id", "A statement's text; always 1.", Type::gauge, {}};
  std::set<metrics::Labels> seen;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const metrics::Labels labels{{"queryid", text(rows, row, queryid)},
                                 {"query", text(rows, row, query_text)}};
    if (seen.insert(labels).second) family.samples.push_back({labels, 1, {}});
  }
  return family;
}

// Each row has the counts, which are of all statements. Without a row there is none.
metrics::Families counts(const pg::Rows& rows) {
  const auto count = [&rows](Column column) {
    return rows.size() == 0 ? 0.0 : rows.number(0, column).value_or(0);
  };
  return {
      {"backstay_pg_statements",
       "Statements that pg_stat_statements knows.",
       Type::gauge,
       {{{}, count(statements), {}}}},
      {"backstay_pg_slow_statements",
       "Those over database.statements.slow_over, by their mean time or by their longest.",
       Type::gauge,
       {{{{"by", "mean"}}, count(slow_by_mean), {}}, {{{"by", "max"}}, count(slow_by_max), {}}}}};
}

}  // namespace

std::string statements_sql(const PgOptions& options, const std::string& schema,
                           int extension_version) {
  const std::string shared = extension_version >= 1011 ? "shared_" : "";
  const std::string slow_ms = std::to_string(options.slow_over.count());
  const std::string text = options.has_query_text ? "true" : "false";
  // One statement is there once as called by a client and once as called by a function.
  return "WITH s AS (SELECT userid, dbid, queryid, sum(calls) AS calls, "
         "sum(total_exec_time) AS ms, sum(rows) AS rows, sum(" +
         shared + "blk_read_time) AS read_ms, sum(" + shared +
         "blk_write_time) AS write_ms, max(max_exec_time) AS max_ms, min(left(query, " +
         std::to_string(kQueryTextMax) + ")) AS query FROM " + schema + ".pg_stat_statements(" +
         text +
         ") WHERE queryid IS NOT NULL GROUP BY userid, dbid, queryid) "
         "SELECT pg_get_userbyid(s.userid), d.datname, s.queryid, s.calls, s.ms / 1000, s.rows, "
         "s.read_ms / 1000, s.write_ms / 1000, count(*) OVER (), "
         "count(*) FILTER (WHERE s.ms > s.calls * " +
         slow_ms + ") OVER (), count(*) FILTER (WHERE s.max_ms > " + slow_ms +
         ") OVER (), s.query FROM s JOIN pg_database d ON d.oid = s.dbid "
         "ORDER BY s.ms DESC LIMIT " +
         std::to_string(options.statements_top);
}

const std::string& PgStatStatements::name() const {
  static const std::string name = "stat_statements";
  return name;
}

std::string PgStatStatements::question(int /*server_version*/) const { return kExtensionSql; }

std::optional<metrics::Snapshot> PgStatStatements::answer(const pg::Rows& rows,
                                                          int /*server_version*/) {
  if (rows.size() > 0) return std::nullopt;
  return metrics::Snapshot(metrics::Families{});
}

Result<metrics::Families> PgStatStatements::collect(pg::Connection& connection,
                                                    const pg::Limits& limits) {
  const auto extension = connection.query(kExtensionSql, limits);
  if (!extension) return fail(extension.error());
  if (extension->size() == 0) return metrics::Families{};
  const std::string sql =
      statements_sql(options_, std::string(extension->at(0, 0).value_or("public")),
                     version_number(extension->at(0, 1).value_or("")));
  const auto rows = connection.query(sql, limits);
  if (!rows) return fail(rows.error());
  metrics::Families families = top_statements(*rows);
  for (metrics::Family& family : counts(*rows)) families.push_back(std::move(family));
  if (options_.has_query_text) families.push_back(query_texts(*rows));
  return families;
}

}  // namespace backstay::collectors
