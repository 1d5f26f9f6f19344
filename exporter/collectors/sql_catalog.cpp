#include "exporter/collectors/sql_catalog.h"

#include <algorithm>

#include "base/config_file.h"

namespace backstay::collectors {
namespace {

// https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
bool is_name(const std::string& text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  for (char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && c != '_' && (c < '0' || c > '9')) return false;
  }
  return true;
}

// A label that is there twice, or under a name that Prometheus keeps for itself, fails a whole
// scrape.
void check_labels(ConfigNode& node, const std::vector<std::string>& labels) {
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    if (!is_name(*label) || label->compare(0, 2, "__") == 0) {
      node.fault("labels", "\"" + *label + "\" is not a label's name");
    }
    if (std::find(labels.begin(), label, *label) != label) {
      node.fault("labels", *label + " is there twice");
    }
  }
}

SqlQuery read_query(ConfigNode& node) {
  SqlQuery query;
  query.name = node.text("name");
  if (!query.name.empty() && !is_name(query.name)) node.fault("name", "not a metric's name");
  query.help = node.text("help");
  const std::string type = node.choice_or("type", {"gauge", "counter"}, "gauge");
  query.type = type == "counter" ? metrics::Type::counter : metrics::Type::gauge;
  query.sql = node.text("sql");
  query.labels = node.texts("labels");
  check_labels(node, query.labels);
  query.zero_fill = node.texts("zero_fill");
  if (!query.zero_fill.empty() && query.labels.size() != 1) {
    node.fault("zero_fill", "needs exactly one label");
  }
  query.series_max = static_cast<std::size_t>(node.integer_or("max_series", 100, 1, 10'000));
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
