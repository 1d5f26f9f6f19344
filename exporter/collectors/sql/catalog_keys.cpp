#include "exporter/collectors/sql/catalog_keys.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace backstay::collectors {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

bool is_name(const std::string& text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  for (char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && c != '_' && (c < '0' || c > '9')) return false;
  }
  return true;
}

}  // namespace

std::string read_metric_name(ConfigNode& entry) {
  std::string name = entry.text("name");
  if (!name.empty() && !is_name(name)) entry.fault("name", "not a metric's name");
  return name;
}

void check_label_names(ConfigNode& entry, const std::vector<std::string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!is_name(*name) || name->compare(0, 2, "__") == 0 || *name == "le") {
      entry.fault("labels", "\"" + *name + "\" is not a label's name");
    }
    if (std::find(names.begin(), name, *name) != name) {
      entry.fault("labels", *name + " is there twice");
    }
  }
}

std::vector<double> read_buckets(ConfigNode& entry, bool is_histogram) {
  std::vector<double> bounds;
  for (const std::string& text : entry.texts("buckets")) {
    double bound = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, bound);
    if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(bound)) {
      entry.fault("buckets", "\"" + text + "\" is no number");
    } else if (!bounds.empty() && bound <= bounds.back()) {
      entry.fault("buckets", "the bounds must rise");
    }
    bounds.push_back(bound);
  }
  if (is_histogram && bounds.empty()) entry.fault("type", "a histogram needs buckets");
  if (!is_histogram && entry.has("buckets")) entry.fault("buckets", "only a histogram has them");
  return bounds;
}

Schedule read_schedule(ConfigNode& entry, const Schedule& defaults) {
  Schedule schedule;
  schedule.interval =
      entry.duration_or("interval", defaults.interval, milliseconds(100), hours(24));
  const bool has_interval = schedule.interval.count() > 0;
  const milliseconds max_age = entry.has("interval") || defaults.max_age.count() == 0
                                   ? schedule.interval * 5
                                   : defaults.max_age;
  schedule.max_age = entry.duration_or("max_age", max_age, milliseconds(100), hours(24 * 7));
  schedule.timeout = entry.duration_or("timeout", defaults.timeout, milliseconds(10), hours(1));
  if (!has_interval && entry.has("max_age")) {
    entry.fault("max_age", "only a query with an interval has an age");
  }
  if (has_interval && schedule.max_age < schedule.interval) {
    entry.fault("max_age", "is shorter than the interval");
  }
  return schedule;
}

}  // namespace backstay::collectors
