#include "exporter/collectors/sql/sql_catalog.h"

#include "base/config_file.h"
#include "exporter/collectors/sql/catalog_keys.h"

namespace backstay::collectors {
namespace {

metrics::Type read_type(ConfigNode& node) {
  const std::string type = node.choice_or("type", {"gauge", "counter", "histogram"}, "gauge");
  if (type == "histogram") return metrics::Type::histogram;
  return type == "counter" ? metrics::Type::counter : metrics::Type::gauge;
}

void read_versions(ConfigNode& node, SqlQuery& query) {
  query.version_min = static_cast<int>(node.integer_or("min_version", 10, 10, 99));
  query.version_max = static_cast<int>(node.integer_or("max_version", 99, 10, 99));
  if (query.version_max < query.version_min) {
    node.fault("max_version", "is less than min_version");
  }
}

SqlQuery read_query(ConfigNode& node) {
  SqlQuery query;
  if (node.has("events")) {
    query.events = read_event_spec(node);
    return query;
  }
  query.name = read_metric_name(node);
  query.help = node.text("help");
  query.type = read_type(node);
  query.sql = node.text("sql");
  query.labels = node.texts("labels");
  check_label_names(node, query.labels);
  query.zero_fill = node.texts("zero_fill");
  if (!query.zero_fill.empty() && query.labels.size() != 1) {
    node.fault("zero_fill", "needs exactly one label");
  }
  query.buckets = read_buckets(node, query.type == metrics::Type::histogram);
  query.series_max = static_cast<std::size_t>(node.integer_or("max_series", 100, 1, 200'000));
  query.overflow = node.choice_or("overflow", {"fold", "drop"}, "fold") == "drop" ? Overflow::drop
                                                                                  : Overflow::fold;
  read_versions(node, query);
  query.schedule = read_schedule(node, {});
  if (query.schedule.interval.count() > 0 && !node.has("timeout")) {
    query.schedule.timeout = std::chrono::seconds(30);
  }
  return query;
}

}  // namespace

Result<std::vector<SqlQuery>> load_catalog(const std::string& path) {
  auto loaded = ConfigNode::load(path);
  if (!loaded) return fail(loaded.error());
  std::vector<SqlQuery> queries;
  for (ConfigNode& node : loaded->sections("queries")) queries.push_back(read_query(node));
  if (auto finished = loaded->finish(); !finished) return fail(finished.error());
  return queries;
}

}  // namespace backstay::collectors
