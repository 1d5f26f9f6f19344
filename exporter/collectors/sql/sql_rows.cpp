#include "exporter/collectors/sql/sql_rows.h"

#include <algorithm>
#include <cmath>

namespace backstay::collectors {
namespace {

using metrics::Family;
using metrics::Labels;
using metrics::Sample;

struct Columns {
  std::vector<std::size_t> labels;
  std::size_t value = 0;         // of a histogram: observations
  std::size_t total = 0;         // of a histogram
  std::size_t first_bucket = 0;  // of a histogram
};

// The statement of a histogram is ours: labels, observations, total, buckets, in this order.
Columns columns_of_histogram(const SqlQuery& query) {
  Columns columns;
  for (std::size_t i = 0; i < query.labels.size(); ++i) columns.labels.push_back(i);
  columns.value = query.labels.size();
  columns.total = columns.value + 1;
  columns.first_bucket = columns.value + 2;
  return columns;
}

Result<Columns> find_columns(const SqlQuery& query, const pg::Rows& rows) {
  if (query.type == metrics::Type::histogram) return columns_of_histogram(query);
  Columns columns;
  for (const std::string& label : query.labels) {
    const auto column = rows.column(label);
    if (!column) return fail("the query has no column " + label);
    columns.labels.push_back(*column);
  }
  const auto value = rows.column("value");
  if (!value) return fail("the query has no column value");
  columns.value = *value;
  return columns;
}

Labels labels_of(const SqlQuery& query, const Columns& columns, const pg::Rows& rows,
                 std::size_t row) {
  std::vector<Labels::Pair> pairs;
  for (std::size_t i = 0; i < query.labels.size(); ++i) {
    pairs.emplace_back(query.labels[i], std::string(rows.at(row, columns.labels[i]).value_or("")));
  }
  return Labels(std::move(pairs));
}

Labels with_all_labels(const SqlQuery& query, const std::string& value) {
  std::vector<Labels::Pair> pairs;
  for (const std::string& label : query.labels) pairs.emplace_back(label, value);
  return Labels(std::move(pairs));
}

metrics::Histogram histogram_of(const SqlQuery& query, const Columns& columns, const pg::Rows& rows,
                                std::size_t row) {
  const auto count = [&rows, row](std::size_t column) {
    return static_cast<std::uint64_t>(rows.number(row, column).value_or(0));
  };
  metrics::Histogram histogram;
  histogram.count = count(columns.value);
  histogram.sum = rows.number(row, columns.total).value_or(0);
  for (std::size_t i = 0; i < query.buckets.size(); ++i) {
    histogram.buckets.emplace_back(query.buckets[i], count(columns.first_bucket + i));
  }
  return histogram;
}

void add(Sample& to, const Sample& more) {
  to.value += more.value;
  to.histogram.count += more.histogram.count;
  to.histogram.sum += more.histogram.sum;
  if (to.histogram.buckets.empty()) {
    to.histogram.buckets = more.histogram.buckets;
    return;
  }
  for (std::size_t i = 0; i < more.histogram.buckets.size(); ++i) {
    to.histogram.buckets[i].second += more.histogram.buckets[i].second;
  }
}

// The last place is for what is beyond.
std::size_t bring_below_max(const SqlQuery& query, std::vector<Sample>& samples) {
  if (samples.size() <= query.series_max) return 0;
  const bool is_folded = query.overflow == Overflow::fold;
  const std::size_t kept = is_folded ? query.series_max - 1 : query.series_max;
  const std::size_t beyond = samples.size() - kept;
  Sample other{with_all_labels(query, "other"), 0, {}};
  for (std::size_t i = kept; i < samples.size(); ++i) add(other, samples[i]);
  samples.resize(kept);
  if (!is_folded) return beyond;
  // A row of that name may be among those that are kept.
  const auto same = std::find_if(samples.begin(), samples.end(), [&other](const Sample& sample) {
    return sample.labels == other.labels;
  });
  if (same == samples.end()) {
    samples.push_back(std::move(other));
  } else {
    add(*same, other);
  }
  return beyond;
}

void fill_with_zeros(const SqlQuery& query, std::vector<Sample>& samples) {
  for (const std::string& value : query.zero_fill) {
    const Labels labels{{query.labels.front(), value}};
    const bool is_there = std::any_of(samples.begin(), samples.end(), [&](const Sample& sample) {
      return sample.labels == labels;
    });
    if (is_there) continue;
    Sample zero{labels, 0, {}};
    for (double bound : query.buckets) zero.histogram.buckets.emplace_back(bound, 0);
    samples.push_back(std::move(zero));
  }
}

}  // namespace

Result<metrics::Families> families_of(const SqlQuery& query, const pg::Rows& rows) {
  const auto columns = find_columns(query, rows);
  if (!columns) return fail(columns.error());
  Family family{query.name, query.help, query.type, {}};
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto value = rows.number(row, columns->value);
    if (!value && rows.at(row, columns->value)) return fail("the column value is not a number");
    if (!value || std::isnan(*value)) continue;
    Sample sample{labels_of(query, *columns, rows, row), *value, {}};
    if (query.type == metrics::Type::histogram) {
      sample.histogram = histogram_of(query, *columns, rows, row);
    }
    family.samples.push_back(std::move(sample));
  }
  const std::size_t beyond = bring_below_max(query, family.samples);
  fill_with_zeros(query, family.samples);
  Family overflow{"backstay_collector_overflow_rows",
                  "Rows beyond max_series when the collector last succeeded.",
                  metrics::Type::gauge,
                  {{{{"collector", query.name}}, static_cast<double>(beyond), {}}}};
  return metrics::Families{std::move(family), std::move(overflow)};
}

}  // namespace backstay::collectors
