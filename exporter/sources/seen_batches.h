#pragma once

#include <cstdint>
#include <deque>
#include <set>

#include "base/record.h"
#include "exporter/sources/batch.h"

namespace backstay::sources {

// The batches that were counted last, so that one that is sent again is not counted again. Not
// thread-safe.
class SeenBatches {
 public:
  // False: it was there. The oldest is forgotten where there would be one too many.
  bool add(const BatchId& id);

  void save(RecordWriter& to) const;
  // False where the record is damaged: then none was seen.
  bool load(RecordReader& from);

  static constexpr std::size_t kBatchesMax = 8192;

 private:
  std::deque<BatchId> in_order_;
  std::set<BatchId> seen_;
};

}  // namespace backstay::sources
