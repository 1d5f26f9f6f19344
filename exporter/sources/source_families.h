#pragma once

#include <cstdint>
#include <vector>

#include "exporter/metrics/family.h"
#include "exporter/sources/source_counts.h"

namespace backstay::sources {

// What is shown of sources: lines and rejected ones of all; of files also rotations, truncations,
// what was lost, how far behind reading is, and whether they can be read; requests in flight where
// the source says.
metrics::Families families_of(const std::vector<SourceCounts>& sources, std::int64_t now_ms);

}  // namespace backstay::sources
