#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace backstay::metrics {

enum class Type { counter, gauge, histogram, untyped };

using Labels = std::vector<std::pair<std::string, std::string>>;

// A histogram's observations; buckets are cumulative, the last bound is +Inf and may be left out.
struct Histogram {
  std::vector<std::pair<double, std::uint64_t>> buckets;  // upper bound, count up to it
  std::uint64_t count = 0;
  double sum = 0;
};

struct Sample {
  Labels labels;
  double value = 0;     // counter, gauge, untyped
  Histogram histogram;  // histogram
};

// One metric as it is exposed: what every source of metrics hands over, and what the exposition
// formats read. Plain data. A value that is not known is a sample that is not there.
struct Family {
  std::string name;
  std::string help;
  Type type = Type::gauge;
  std::vector<Sample> samples;
};

using Families = std::vector<Family>;

}  // namespace backstay::metrics
