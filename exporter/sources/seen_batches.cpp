#include "exporter/sources/seen_batches.h"

namespace backstay::sources {

bool SeenBatches::add(const BatchId& id) {
  if (!seen_.insert(id).second) return false;
  in_order_.push_back(id);
  if (in_order_.size() > kBatchesMax) {
    seen_.erase(in_order_.front());
    in_order_.pop_front();
  }
  return true;
}

void SeenBatches::save(RecordWriter& to) const {
  to.number(in_order_.size());
  for (const BatchId& id : in_order_) {
    for (const std::uint64_t part : id) to.number(part);
  }
}

bool SeenBatches::load(RecordReader& from) {
  in_order_.clear();
  seen_.clear();
  for (std::size_t left = from.count(sizeof(BatchId)); left > 0; --left) {
    BatchId id{};
    for (std::uint64_t& part : id) part = from.number();
    add(id);
  }
  if (from.is_good()) return true;
  in_order_.clear();
  seen_.clear();
  return false;
}

}  // namespace backstay::sources
