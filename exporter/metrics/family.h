#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/metrics/labels.h"

namespace backstay::metrics {

enum class Type { counter, gauge, histogram, untyped };

// An observation of which it is known what it was of. OpenMetrics shows it behind its bucket.
struct Exemplar {
  Labels labels;  // with their names at most 128 characters; none: there is no exemplar
  double value = 0;
  double unix_seconds = 0;
};

// A histogram's observations; buckets are cumulative, the last bound is +Inf and may be left out.
struct Histogram {
  std::vector<std::pair<double, std::uint64_t>> buckets;  // upper bound, count up to it
  std::uint64_t count = 0;
  double sum = 0;
  // None, or one for each bucket and one for +Inf.
  std::shared_ptr<const std::vector<Exemplar>> exemplars = nullptr;
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
