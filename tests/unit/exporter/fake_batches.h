#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "exporter/sources/batch.h"

namespace backstay::test {

// Keeps batches in memory, as the totals would keep them on disk.
class FakeBatches final : public sources::BatchSink {
 public:
  struct Counts {
    int lines = 0;     // whatever the parser said of them
    int requests = 0;  // that it could read
    int too_long = 0;
  };

  std::unique_ptr<sources::Batch> open(const std::string& /*drain*/) override {
    return std::make_unique<Open>();
  }
  Taken commit(std::unique_ptr<sources::Batch> batch, const sources::BatchId& id) override
      EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (is_full_) return Taken::not_kept;
    if (!seen_.insert(id).second) return Taken::seen_before;
    const Counts& more = static_cast<Open&>(*batch).counts;
    total_.lines += more.lines;
    total_.requests += more.requests;
    total_.too_long += more.too_long;
    return Taken::counted;
  }
  void fill() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    is_full_ = true;
  }
  [[nodiscard]] Counts total() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return total_;
  }

 private:
  struct Open final : sources::Batch {
    void take(const formats::Parsed& parsed) override {
      ++counts.lines;
      if (std::holds_alternative<formats::AccessEvent>(parsed)) ++counts.requests;
    }
    void take_too_long() override { ++counts.too_long; }
    Counts counts;
  };

  mutable Mutex mutex_;
  bool is_full_ GUARDED_BY(mutex_) = false;
  std::set<sources::BatchId> seen_ GUARDED_BY(mutex_);
  Counts total_ GUARDED_BY(mutex_);
};

}  // namespace backstay::test
