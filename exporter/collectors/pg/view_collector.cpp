#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {
namespace {

bool has(const ViewValue& value, int server_version) {
  return value.since <= server_version && server_version < value.before;
}

std::vector<ViewValue> values_for(const View& view, int server_version) {
  std::vector<ViewValue> values;
  for (const ViewValue& value : view.values) {
    if (has(value, server_version)) values.push_back(value);
  }
  return values;
}

metrics::Labels labels_of(const View& view, const pg::Rows& rows, std::size_t row) {
  std::vector<metrics::Labels::Pair> pairs;
  pairs.reserve(view.labels.size());
  for (std::size_t i = 0; i < view.labels.size(); ++i) {
    pairs.emplace_back(view.labels[i].name, rows.at(row, i).value_or(""));
  }
  return metrics::Labels(std::move(pairs));
}

// The columns are those of sql_of(): labels first, then values.
metrics::Families families_of(const View& view, const std::vector<ViewValue>& values,
                              const pg::Rows& rows) {
  metrics::Families families;
  families.reserve(values.size());
  for (const ViewValue& value : values) {
    families.push_back({value.name, value.help, value.type, {}});
    families.back().samples.reserve(rows.size());
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const metrics::Labels labels = labels_of(view, rows, row);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = rows.number(row, view.labels.size() + i);
      if (value) families[i].samples.push_back({labels, *value, {}});
    }
  }
  return families;
}

}  // namespace

std::string sql_of(const View& view, int server_version) {
  std::string columns;
  for (const ViewLabel& label : view.labels) {
    columns += columns.empty() ? "" : ", ";
    columns += label.expression;
  }
  const std::vector<ViewValue> values = values_for(view, server_version);
  for (const ViewValue& value : values) {
    columns += columns.empty() ? "" : ", ";
    columns += value.expression;
  }
  return values.empty() ? "" : "SELECT " + columns + " " + view.source;
}

std::optional<metrics::Snapshot> ViewCollector::answer(const pg::Rows& rows, int server_version) {
  return metrics::Snapshot(families_of(view_, values_for(view_, server_version), rows));
}

Result<metrics::Families> ViewCollector::collect(pg::Connection& connection,
                                                 const pg::Limits& limits) {
  const std::string sql = sql_of(view_, connection.server_version());
  if (sql.empty()) return metrics::Families{};
  const auto rows = connection.query(sql, limits);
  if (!rows) return fail(rows.error());
  return families_of(view_, values_for(view_, connection.server_version()), *rows);
}

}  // namespace backstay::collectors
