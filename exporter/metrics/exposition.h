#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exporter/metrics/serializer.h"
#include "exporter/metrics/snapshot.h"

namespace backstay::metrics {

struct Exposition {
  std::string text;
  // A label set that was there already, a second family of a name with another type, or what the
  // format cannot show.
  std::uint64_t dropped_series = 0;
};

// Everything that a scrape shows. Families come out in the order of their names; those of one name
// from several snapshots become one. A duplicate costs only itself: the one of the earlier snapshot
// stays. Nothing is copied but into the text.
Exposition expose(const std::vector<Snapshot>& snapshots, Format format);

// The value of the header Content-Type.
const char* content_type(Format format);

}  // namespace backstay::metrics
