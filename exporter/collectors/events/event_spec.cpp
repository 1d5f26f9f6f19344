#include "exporter/collectors/events/event_spec.h"

#include <charconv>

#include "exporter/collectors/sql/catalog_keys.h"

namespace backstay::collectors {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Where a label is its own column, a word of SQL (user, order) is meant as a column too.
std::vector<EventLabel> read_labels(ConfigNode& events) {
  std::vector<EventLabel> labels;
  for (const auto& [name, sql] : events.named_texts("labels")) {
    labels.push_back({name, name == sql ? "\"" + name + "\"" : sql});
  }
  std::vector<std::string> names;
  for (const EventLabel& label : labels) names.push_back(label.name);
  check_label_names(events, names);
  return labels;
}

void read_events(ConfigNode& events, EventSpec& spec) {
  spec.table = events.text("table");
  spec.time = events.text("time");
  spec.labels = read_labels(events);
  spec.value = events.maybe_text("value").value_or("");
  spec.where = events.maybe_text("where").value_or("");
  spec.settle = events.duration_or("settle", minutes(1), milliseconds(100), hours(24));
  spec.reconcile = events.duration_or("reconcile", hours(24), seconds(1), hours(8760));
  spec.slow_timeout = events.duration_or("slow_timeout", minutes(4), seconds(1), hours(2));
}

// What only shows when the keys are seen together.
void check(ConfigNode& query, ConfigNode& events, const EventSpec& spec) {
  const bool is_histogram = spec.type == metrics::Type::histogram;
  if (!query.has("type")) {
    query.fault("events", "type is missing: counter or histogram");
  } else if (spec.type == metrics::Type::gauge) {
    query.fault("type", "events only ever become more: a gauge is read by sql");
  }
  if (is_histogram && spec.value.empty()) events.fault("", "value is missing");
  if (!spec.zero_fill.empty() && spec.labels.size() != 1) {
    query.fault("zero_fill", "needs exactly one label");
  }
  if (query.has("sql")) query.fault("sql", "either sql or events");
  if (query.has("labels")) query.fault("labels", "belongs into events");
}

}  // namespace

EventSpec read_event_spec(ConfigNode& query) {
  EventSpec spec;
  spec.name = read_metric_name(query);
  spec.help = query.text("help");
  const std::string type = query.choice_or("type", {"gauge", "counter", "histogram"}, "gauge");
  if (type == "gauge") spec.type = metrics::Type::gauge;
  if (type == "histogram") spec.type = metrics::Type::histogram;
  spec.buckets = read_buckets(query, spec.type == metrics::Type::histogram);
  spec.zero_fill = query.texts("zero_fill");
  spec.series_max = static_cast<std::size_t>(query.integer_or("max_series", 100, 1, 10'000));
  spec.schedule = read_schedule(query, spec.schedule);
  ConfigNode events = query.section("events");
  read_events(events, spec);
  check(query, events, spec);
  return spec;
}

std::string definition_of(const EventSpec& spec) {
  std::string text = spec.type == metrics::Type::histogram ? "histogram" : "counter";
  text += " of " + (spec.value.empty() ? "1" : spec.value);
  for (std::size_t i = 0; i < spec.buckets.size(); ++i) {
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, spec.buckets[i]).ptr;
    text += (i == 0 ? " in " : ", ") + std::string(number, end);
  }
  text += " from " + spec.table + " at " + spec.time;
  if (!spec.where.empty()) text += " where " + spec.where;
  for (const EventLabel& label : spec.labels) text += " by " + label.name + " = " + label.sql;
  return text;
}

}  // namespace backstay::collectors
