#include "exporter/collectors/events/event_sql.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/utf8.h"

namespace backstay::collectors {
namespace {

constexpr std::size_t kFlags = 4;  // columns that say on which side of each cut a group is

std::string literal(EventTime time) { return "timestamptz '" + format_event_time(time) + "'"; }

// Alike whether standard_conforming_strings is on or off.
std::string literal(const std::string& text) {
  std::string quoted = "E'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

std::string is_below(const std::optional<EventTime>& cut) {
  return cut ? "event_time < " + literal(*cut) : "false";
}

std::string was_ahead(const SeenTimes& seen) {
  std::string far = seen.far_from ? "event_time >= " + literal(*seen.far_from) : "false";
  if (!seen.before || !seen.ahead_before) return far;
  return "event_time >= " + literal(*seen.before) + " AND " + is_below(seen.ahead_before) + " OR " +
         far;
}

std::string number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// "label_0, label_1, ", and the like.
std::string columns(const EventSpec& spec, const std::string& before, const std::string& after) {
  std::string columns;
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    columns += before + std::to_string(i) + after;
  }
  return columns;
}

// numeric: sums are exact, whatever order the rows come in.
std::string aggregates(const EventSpec& spec) {
  std::string columns = "count(*)";
  if (!spec.value.empty()) columns += ", sum(event_value), min(event_value)";
  for (double bound : spec.buckets) {
    columns += ", count(*) FILTER (WHERE event_value <= " + number(bound) + ")";
  }
  return columns;
}

// The rows as events, with names that no column of the table can be taken for. PostgreSQL pulls
// this up into the query around it, so that an index on the time is used.
std::string events(const EventSpec& spec) {
  std::string sql = "(SELECT (" + spec.time + ") AS event_time";
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    sql += ", (" + spec.labels[i].sql + ")::text AS label_" + std::to_string(i);
  }
  if (!spec.value.empty()) sql += ", (" + spec.value + ")::numeric AS event_value";
  sql += " FROM " + spec.table;
  if (!spec.where.empty()) sql += " WHERE (" + spec.where + ")";
  return sql + ") AS events";
}

std::string condition(const EventSpec& spec, const EventWindow& window) {
  std::string sql =
      window.from ? "event_time >= " + literal(*window.from) : "event_time IS NOT NULL";
  if (window.until) sql += " AND " + is_below(window.until);
  if (!spec.value.empty()) sql += " AND event_value IS NOT NULL";
  return sql;
}

std::string cuts(const EventWindow& window) {
  return is_below(window.final_before) + " AS is_final, " + is_below(window.seen.before) +
         " AS was_seen, (" + was_ahead(window.seen) + ") AS was_ahead, " + is_below(window.clock) +
         " AS is_past";
}

std::string newest_ahead(const EventWindow& window) {
  return "(extract(epoch FROM max(event_time) FILTER (WHERE event_time >= " +
         literal(window.clock) + " AND " + is_below(window.far_from) + ")) * 1000000)::bigint";
}

// In seconds, and no later than the year 9999: a double is exact for these.
std::string oldest_far(const EventWindow& window) {
  return "extract(epoch FROM date_trunc('second', least(timestamptz '9999-12-31T00:00:00Z', "
         "min(event_time) FILTER (WHERE event_time >= " +
         literal(window.far_from) + "))))";
}

// One that has no partner here is `other`.
std::string join_kept(const EventSpec& spec, const std::vector<LabelValues>& kept) {
  std::string rows;
  for (const LabelValues& labels : kept) {
    std::string row;
    for (const std::string& label : labels) row += (row.empty() ? "" : ", ") + literal(label);
    rows += (rows.empty() ? "(" : ", (") + row + ")";
  }
  std::string names = columns(spec, "kept_", ", ");
  names.resize(names.size() - 2);
  std::string sql = " LEFT JOIN (VALUES " + rows + ") AS kept (" + names + ") ON true";
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    sql += " AND coalesce(label_" + std::to_string(i) + ", '') = kept_" + std::to_string(i);
  }
  return sql;
}

std::string ordinals(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) text += (i == 1 ? "" : ", ") + std::to_string(i);
  return text;
}

LabelValues read_labels(const EventSpec& spec, const pg::Rows& rows, std::size_t row) {
  LabelValues labels;
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    labels.push_back(valid_utf8(rows.at(row, i).value_or("")));
  }
  return labels;
}

template <typename Unit>
std::optional<EventTime> read_time(const pg::Rows& rows, std::size_t row, std::size_t column) {
  const auto since_epoch = rows.number(row, column);
  if (!since_epoch) return std::nullopt;
  return EventTime(Unit(static_cast<std::int64_t>(*since_epoch)));
}

// Cumulative counts become one for each bucket.
Result<std::vector<double>> read_components(const EventSpec& spec, const pg::Rows& rows,
                                            std::size_t row, std::size_t column) {
  const double events = rows.number(row, column++).value_or(0);
  std::vector<double> components{events};
  if (spec.value.empty()) return components;
  const auto sum = rows.number(row, column++);
  const auto least = rows.number(row, column++);
  if (!sum || !least || !std::isfinite(*sum)) return fail("a value is no finite number");
  if (*least < 0) return fail("a value is negative: what can fall must be a gauge, read by sql");
  components.push_back(*sum);
  if (spec.buckets.empty()) return components;
  double below = 0;
  for (std::size_t i = 0; i < spec.buckets.size(); ++i) {
    const double up_to = rows.number(row, column++).value_or(0);
    components.push_back(up_to - below);
    below = up_to;
  }
  components.push_back(events - below);
  return components;
}

}  // namespace

std::size_t component_count(const EventSpec& spec) {
  if (spec.value.empty()) return 1;
  return spec.buckets.empty() ? 2 : 3 + spec.buckets.size();
}

std::string count_sql(const EventSpec& spec, const EventWindow& window,
                      const std::vector<LabelValues>& kept) {
  return "SELECT " +
         (kept.empty() ? columns(spec, "label_", ", ")
                       : columns(spec, "coalesce(kept_", ", 'other'), ")) +
         cuts(window) + ", " + newest_ahead(window) + ", " + oldest_far(window) + ", " +
         aggregates(spec) + " FROM " + events(spec) + (kept.empty() ? "" : join_kept(spec, kept)) +
         " WHERE " + condition(spec, window) + " GROUP BY " +
         ordinals(spec.labels.size() + kFlags) + " LIMIT " + std::to_string(kGroupsMax + 1);
}

std::string busiest_sql(const EventSpec& spec, const EventWindow& window, std::size_t sets_max) {
  return "SELECT " + columns(spec, "label_", ", ") + "count(*) FROM " + events(spec) + " WHERE " +
         condition(spec, window) + " GROUP BY " + ordinals(spec.labels.size()) +
         " ORDER BY count(*) DESC" + columns(spec, ", label_", " COLLATE \"C\"") + " LIMIT " +
         std::to_string(sets_max);
}

std::string time_type_sql(const EventSpec& spec) {
  return "SELECT pg_typeof((SELECT (" + spec.time + ") FROM " + spec.table + " LIMIT 0))";
}

Result<std::vector<EventGroup>> read_groups(const EventSpec& spec, const pg::Rows& rows) {
  if (rows.size() > kGroupsMax) {
    return fail("there are more than " + std::to_string(kGroupsMax) + " rows of label sets");
  }
  std::vector<EventGroup> groups(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    EventGroup& group = groups[row];
    group.labels = read_labels(spec, rows, row);
    std::size_t column = spec.labels.size();
    for (bool* flag : {&group.is_final, &group.was_seen, &group.was_ahead, &group.is_past}) {
      *flag = rows.at(row, column++) == "t";
    }
    group.newest_ahead = read_time<std::chrono::microseconds>(rows, row, column++);
    group.oldest_far = read_time<std::chrono::seconds>(rows, row, column++);
    auto components = read_components(spec, rows, row, column);
    if (!components) return fail(components.error());
    group.components = std::move(*components);
  }
  return groups;
}

std::map<LabelValues, double> read_busiest(const EventSpec& spec, const pg::Rows& rows) {
  std::map<LabelValues, double> events;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    events[read_labels(spec, rows, row)] += rows.number(row, spec.labels.size()).value_or(0);
  }
  return events;
}

}  // namespace backstay::collectors
