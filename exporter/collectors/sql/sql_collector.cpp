#include "exporter/collectors/sql/sql_collector.h"

#include <charconv>

#include "exporter/collectors/sql/sql_rows.h"

namespace backstay::collectors {
namespace {

// More rows are a mistake in the query, and would be memory without a bound.
constexpr std::size_t kRowsMax = 200'000;

std::string quoted(const std::string& identifier) {
  std::string text = "\"";
  for (char c : identifier) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// As a subquery it has no semicolon, and a comment at its end must not hide the bracket.
std::string subquery(const std::string& sql) {
  const std::size_t end = sql.find_last_not_of("; \t\r\n");
  return "(" + sql.substr(0, end + 1) + "\n) AS query";
}

// The columns have no names of ours, which a label may have too: they are found by their place.
std::string counted_into_buckets(const SqlQuery& query) {
  std::string labels;
  for (const std::string& label : query.labels) labels += quoted(label) + ", ";
  std::string sql = "SELECT " + labels + "count(value), sum(value)";
  for (double bound : query.buckets) {
    sql += ", count(*) FILTER (WHERE value <= " + number(bound) + ")";
  }
  sql += " FROM " + subquery(query.sql);
  if (!labels.empty()) sql += " GROUP BY " + labels.substr(0, labels.size() - 2);
  return sql + " LIMIT " + std::to_string(kRowsMax + 1);
}

bool fits(const SqlQuery& query, int server_version) {
  const int major = server_version / 10'000;
  return major >= query.version_min && major <= query.version_max;
}

}  // namespace

std::string statement_of(const SqlQuery& query) {
  if (query.type == metrics::Type::histogram) return counted_into_buckets(query);
  return "SELECT * FROM " + subquery(query.sql) + " LIMIT " + std::to_string(kRowsMax + 1);
}

SqlCollector::SqlCollector(SqlQuery query)
    : query_(std::move(query)), statement_(statement_of(query_)) {}

std::string SqlCollector::statement(int server_version) const {
  return fits(query_, server_version) ? statement_ : "";
}

Result<metrics::Families> SqlCollector::collect(pg::Connection& connection,
                                                const pg::Limits& limits) {
  if (!fits(query_, connection.server_version())) return metrics::Families{};
  const auto rows = connection.query(statement_, limits);
  if (!rows) return fail(rows.error());
  if (rows->size() > kRowsMax) {
    return fail("the query has more than " + std::to_string(kRowsMax) + " rows");
  }
  return families_of(query_, *rows);
}

}  // namespace backstay::collectors
