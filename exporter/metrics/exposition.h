#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "exporter/metrics/family.h"

namespace backstay::metrics {

struct Exposition {
  std::string text;
  std::uint64_t dropped_series =
      0;  // a label set that was there already, or a second family of a name
};

// Everything that a scrape shows, in Prometheus' text format 0.0.4, through prometheus-cpp's
// serializer. Families of one name from several sources become one; a duplicate costs only itself:
// the first stays. Families come out in the order of their names. `own` are the process's own.
// https://prometheus.io/docs/instrumenting/exposition_formats/
Exposition expose_text(const Families& families, std::vector<prometheus::MetricFamily> own);

inline constexpr const char* kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace backstay::metrics
