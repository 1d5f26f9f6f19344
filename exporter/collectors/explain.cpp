#include "exporter/collectors/explain.h"

#include <map>
#include <set>

#include <nlohmann/json.hpp>

namespace backstay::collectors {
namespace {

using nlohmann::json;

constexpr std::chrono::minutes kRareInterval{1};

// "schema.table" → rows, as the server estimates them.
using Tables = std::map<std::string, double>;

Result<Tables> large_tables(pg::Connection& connection, const pg::Limits& limits) {
  const auto rows = connection.query(
      "SELECT n.nspname || '.' || c.relname, c.reltuples FROM pg_class c "
      "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') "
      "AND c.reltuples >= " +
          std::to_string(static_cast<long>(kLargeTableRows)),
      limits);
  if (!rows) return fail(rows.error());
  Tables tables;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    tables[std::string(rows->at(row, 0).value_or(""))] = rows->number(row, 1).value_or(0);
  }
  return tables;
}

// https://www.postgresql.org/docs/15/sql-explain.html: a plan is a tree of nodes, in "Plans".
void find_scans(const json& node, const Tables& large, std::set<std::string>& found) {
  const std::string table = node.value("Schema", "") + "." + node.value("Relation Name", "");
  if (node.value("Node Type", "") == "Seq Scan" && large.count(table) != 0) found.insert(table);
  for (const json& child : node.value("Plans", json::array())) find_scans(child, large, found);
}

std::string in_words(const std::set<std::string>& scanned, const Tables& large) {
  std::string text;
  for (const std::string& table : scanned) {
    text += text.empty() ? "reads all of " : ", and all of ";
    text += table + " (some " + std::to_string(static_cast<long>(large.at(table))) + " rows)";
  }
  return text + " each time: give it an index, or an interval of a minute or more";
}

Finding explain_one(const Collector& collector, const std::string& statement, const Tables& large,
                    pg::Connection& connection, const pg::Limits& limits) {
  const auto rows = connection.query("EXPLAIN (VERBOSE, FORMAT JSON) " + statement, limits);
  if (!rows) return {Finding::Kind::wrong, collector.name(), rows.error().message};
  const json plans = json::parse(rows->at(0, 0).value_or(""), nullptr, false);
  std::set<std::string> scanned;
  if (plans.is_array() && !plans.empty()) {
    find_scans(plans.front().value("Plan", json::object()), large, scanned);
  }
  const bool is_rare = collector.schedule().interval >= kRareInterval;
  if (scanned.empty() || is_rare) return {Finding::Kind::good, collector.name(), ""};
  return {Finding::Kind::slow, collector.name(), in_words(scanned, large)};
}

}  // namespace

Result<std::vector<Finding>> explain(const std::vector<std::unique_ptr<Collector>>& collectors,
                                     pg::Connection& connection, const pg::Limits& limits) {
  const auto large = large_tables(connection, limits);
  if (!large) return fail(large.error());
  std::vector<Finding> findings;
  for (const auto& collector : collectors) {
    const std::string statement = collector->statement(connection.server_version());
    if (statement.empty()) continue;
    findings.push_back(explain_one(*collector, statement, *large, connection, limits));
    if (connection.broken()) return fail(findings.back().text);
  }
  return findings;
}

}  // namespace backstay::collectors
