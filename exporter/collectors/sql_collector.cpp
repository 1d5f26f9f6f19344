#include "exporter/collectors/sql_collector.h"

#include <algorithm>
#include <cmath>

namespace backstay::collectors {
namespace {

void fill_with_zeros(const SqlQuery& query, metrics::Family& family) {
  for (const std::string& value : query.zero_fill) {
    const metrics::Labels labels{{query.labels.front(), value}};
    const bool is_there =
        std::any_of(family.samples.begin(), family.samples.end(),
                    [&](const metrics::Sample& sample) { return sample.labels == labels; });
    if (!is_there) family.samples.push_back({labels, 0, {}});
  }
}

}  // namespace

Result<metrics::Families> SqlCollector::collect(pg::Connection& connection,
                                                const pg::Limits& limits) const {
  const auto rows = connection.query(query_.sql, limits);
  if (!rows) return fail(rows.error());
  const auto value_column = rows->column("value");
  if (!value_column) return fail("the query has no column value");
  std::vector<std::size_t> label_columns;
  for (const std::string& label : query_.labels) {
    const auto column = rows->column(label);
    if (!column) return fail("the query has no column " + label);
    label_columns.push_back(*column);
  }
  if (rows->size() > query_.series_max) {
    return fail("the query has " + std::to_string(rows->size()) + " rows; max_series is " +
                std::to_string(query_.series_max));
  }
  metrics::Family family{query_.name, query_.help, query_.type, {}};
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto value = rows->number(row, *value_column);
    if (!value && rows->at(row, *value_column)) return fail("the column value is not a number");
    if (!value || std::isnan(*value)) continue;
    metrics::Sample sample{{}, *value, {}};
    for (std::size_t i = 0; i < label_columns.size(); ++i) {
      sample.labels.emplace_back(query_.labels[i],
                                 std::string(rows->at(row, label_columns[i]).value_or("")));
    }
    family.samples.push_back(std::move(sample));
  }
  fill_with_zeros(query_, family);
  return metrics::Families{std::move(family)};
}

}  // namespace backstay::collectors
