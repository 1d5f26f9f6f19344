#include "exporter/metrics/snapshot.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace backstay::metrics {
namespace {

// Most sources bring their series sorted, and then nothing needs to be remembered.
bool is_strictly_sorted(const std::vector<Sample>& samples) {
  const auto out_of_order = [](const Sample& left, const Sample& right) {
    return !(left.labels < right.labels);
  };
  return std::adjacent_find(samples.begin(), samples.end(), out_of_order) == samples.end();
}

std::uint64_t drop_duplicates(std::vector<Sample>& samples) {
  if (is_strictly_sorted(samples)) return 0;
  std::vector<bool> is_first(samples.size());
  std::unordered_set<std::string_view> seen;
  seen.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    is_first[i] = seen.insert(samples[i].labels.text()).second;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!is_first[i]) continue;
    if (kept != i) samples[kept] = std::move(samples[i]);
    ++kept;
  }
  const std::uint64_t dropped = samples.size() - kept;
  samples.resize(kept);
  return dropped;
}

}  // namespace

Snapshot::Snapshot(Families families) {
  std::vector<Family*> sorted;
  sorted.reserve(families.size());
  for (Family& family : families) {
    if (!family.samples.empty()) sorted.push_back(&family);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Family* left, const Family* right) {
    return left->name < right->name;
  });
  Families unique;
  unique.reserve(sorted.size());
  for (Family* next : sorted) {
    Family& family = *next;
    if (unique.empty() || unique.back().name != family.name) {
      unique.push_back(std::move(family));
    } else if (unique.back().type != family.type) {
      dropped_series_ += family.samples.size();
    } else {
      unique.back().samples.insert(unique.back().samples.end(),
                                   std::make_move_iterator(family.samples.begin()),
                                   std::make_move_iterator(family.samples.end()));
    }
  }
  for (Family& family : unique) dropped_series_ += drop_duplicates(family.samples);
  families_ = std::make_shared<const Families>(std::move(unique));
}

}  // namespace backstay::metrics
