#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "exporter/metrics/family.h"

namespace backstay::metrics {

// Families that nobody changes any more, ready to be shown by any number of scrapes: in the order
// of their names, each name once, no label set twice in one, none without samples. What is in the
// way is left out and counted: the first of two stays. Made where the families are made, off the
// path of a scrape; a copy costs nothing. Thread-safe.
class Snapshot {
 public:
  Snapshot() = default;
  explicit Snapshot(Families families);

  [[nodiscard]] const Families& families() const { return *families_; }
  // Of equal labels, or of a second family of a name with another type.
  [[nodiscard]] std::uint64_t dropped_series() const { return dropped_series_; }

 private:
  std::shared_ptr<const Families> families_ = std::make_shared<const Families>();
  std::uint64_t dropped_series_ = 0;
};

}  // namespace backstay::metrics
