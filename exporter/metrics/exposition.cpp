#include "exporter/metrics/exposition.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace backstay::metrics {
namespace {

using Parts = std::vector<const Family*>;  // of one name
constexpr std::size_t kValueBytes = 24;    // what surrounds name and labels in a line, at most
constexpr std::size_t kBoundBytes = 32;    // and what a bucket adds

std::size_t bytes_expected(const Family& family) {
  std::size_t bytes = 2 * family.name.size() + family.help.size() + 64;
  for (const Sample& sample : family.samples) {
    const std::size_t line = family.name.size() + sample.labels.text().size() + kValueBytes;
    bytes += line;
    if (family.type == Type::histogram) {
      bytes += (sample.histogram.buckets.size() + 2) * (line + kBoundBytes);
    }
  }
  return bytes;
}

// By name; of one name in the order of the snapshots.
Parts sorted_families(const std::vector<Snapshot>& snapshots) {
  Parts all;
  for (const Snapshot& snapshot : snapshots) {
    for (const Family& family : snapshot.families()) all.push_back(&family);
  }
  std::stable_sort(all.begin(), all.end(), [](const Family* left, const Family* right) {
    return left->name < right->name;
  });
  return all;
}

// Writes families of one name, and returns how many of their series it left out.
std::uint64_t write(Serializer& page, Parts::const_iterator begin, Parts::const_iterator end) {
  std::uint64_t dropped = 0;
  const Family& first = **begin;
  const bool is_merged = end - begin > 1;
  const bool is_begun = page.begin(first);
  std::unordered_set<std::string_view> seen;
  for (auto part = begin; part != end; ++part) {
    const Family& family = **part;
    if (!is_begun || family.type != first.type) {
      dropped += family.samples.size();
      continue;
    }
    for (const Sample& sample : family.samples) {
      const bool is_new = !is_merged || seen.insert(sample.labels.text()).second;
      if (!is_new || !page.write(sample)) ++dropped;
    }
  }
  return dropped;
}

}  // namespace

Exposition expose(const std::vector<Snapshot>& snapshots, Format format) {
  Exposition exposition;
  for (const Snapshot& snapshot : snapshots) {
    exposition.dropped_series += snapshot.dropped_series();
  }
  const Parts all = sorted_families(snapshots);
  std::size_t bytes = 16;
  for (const Family* family : all) bytes += bytes_expected(*family);
  Serializer page(format, bytes, all.size());
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(), [&begin](const Family* family) {
      return family->name != (*begin)->name;
    });
    exposition.dropped_series += write(page, begin, end);
    begin = end;
  }
  exposition.text = std::move(page).finish();
  return exposition;
}

const char* content_type(Format format) {
  return format == Format::text ? "text/plain; version=0.0.4; charset=utf-8"
                                : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

}  // namespace backstay::metrics
