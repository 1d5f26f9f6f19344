#include "exporter/metrics/exposition.h"

#include <algorithm>
#include <limits>
#include <locale>
#include <map>
#include <set>
#include <sstream>

#include <prometheus/text_serializer.h>

namespace backstay::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(Type type) {
  switch (type) {
    case Type::counter:
      return MetricType::Counter;
    case Type::gauge:
      return MetricType::Gauge;
    case Type::histogram:
      return MetricType::Histogram;
    case Type::untyped:
      break;
  }
  return MetricType::Untyped;
}

// The serializer does not escape HELP, and one newline in it would end the whole scrape.
std::string escape_help(const std::string& help) {
  std::string escaped;
  for (char c : help) {
    if (c == '\\')
      escaped += "\\\\";
    else if (c == '\n')
      escaped += "\\n";
    else
      escaped += c;
  }
  return escaped;
}

void set_value(ClientMetric& metric, Type type, const Sample& sample) {
  switch (type) {
    case Type::counter:
      metric.counter.value = sample.value;
      return;
    case Type::gauge:
      metric.gauge.value = sample.value;
      return;
    case Type::untyped:
      metric.untyped.value = sample.value;
      return;
    case Type::histogram:
      break;
  }
  metric.histogram.sample_count = sample.histogram.count;
  metric.histogram.sample_sum = sample.histogram.sum;
  for (const auto& [bound, count] : sample.histogram.buckets) {
    metric.histogram.bucket.push_back({count, bound});
  }
  const bool has_end =
      !sample.histogram.buckets.empty() &&
      sample.histogram.buckets.back().first == std::numeric_limits<double>::infinity();
  if (!has_end) {
    metric.histogram.bucket.push_back(
        {sample.histogram.count, std::numeric_limits<double>::infinity()});
  }
}

ClientMetric to_client_metric(Type type, const Sample& sample) {
  ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  set_value(metric, type, sample);
  return metric;
}

using LabelSet = std::set<std::pair<std::string, std::string>>;

LabelSet label_set(const ClientMetric& metric) {
  LabelSet set;
  for (const auto& label : metric.label) set.emplace(label.name, label.value);
  return set;
}

// Families by name, with the label sets that each has so far.
class Page {
 public:
  void add(MetricFamily family) {
    auto [at, is_new] = entries_.try_emplace(family.name);
    Entry& entry = at->second;
    if (is_new) {
      entry.family.name = family.name;
      entry.family.help = escape_help(family.help);
      entry.family.type = family.type;
    } else if (entry.family.type != family.type) {
      dropped_ += family.metric.size();
      return;
    }
    for (ClientMetric& metric : family.metric) {
      if (entry.seen.insert(label_set(metric)).second) {
        entry.family.metric.push_back(std::move(metric));
      } else {
        ++dropped_;
      }
    }
  }

  Exposition write() && {
    std::vector<MetricFamily> families;
    for (auto& [name, entry] : entries_) {
      if (!entry.family.metric.empty()) families.push_back(std::move(entry.family));
    }
    std::ostringstream out;
    out.imbue(std::locale::classic());
    prometheus::TextSerializer().Serialize(out, families);
    return {out.str(), dropped_};
  }

 private:
  struct Entry {
    MetricFamily family;
    std::set<LabelSet> seen;
  };
  std::map<std::string, Entry> entries_;
  std::uint64_t dropped_ = 0;
};

}  // namespace

Exposition expose_text(const Families& families, std::vector<MetricFamily> own) {
  Page page;
  for (MetricFamily& family : own) page.add(std::move(family));
  for (const Family& family : families) {
    MetricFamily converted;
    converted.name = family.name;
    converted.help = family.help;
    converted.type = type_of(family.type);
    for (const Sample& sample : family.samples) {
      converted.metric.push_back(to_client_metric(family.type, sample));
    }
    page.add(std::move(converted));
  }
  return std::move(page).write();
}

}  // namespace backstay::metrics
