#pragma once

#include <condition_variable>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "exporter/metrics/source.h"

namespace backstay::sources {

// What a checkpoint is of. Thread-safe.
class Kept {
 public:
  struct Moment {
    std::uint64_t generation = 0;
    std::string record;
  };
  virtual ~Kept() = default;
  // Everything, as it was at one moment.
  [[nodiscard]] virtual Moment moment() const = 0;
  // Grows with every change.
  [[nodiscard]] virtual std::uint64_t generation() const = 0;
};

// Keeps places and counters together on disk: within a second of each change, and at once where
// somebody waits for it, all who wait sharing one write. A disk that is full costs no counts: it is
// tried again, and whoever waits is told.
//
//   backstay_checkpoint_writes_total, backstay_checkpoint_failures_total
//   backstay_checkpoint_write_seconds_total, backstay_checkpoint_bytes
//   backstay_checkpoint_last_success_timestamp_seconds
//
// write() and run() on one thread at a time; the others from any.
class Checkpoint final : public metrics::Source {
 public:
  Checkpoint(std::string path, const Kept& kept, Clock& clock);

  // Once before anything is counted: a kill then finds the places where reading began.
  void write() EXCLUDES(mutex_);
  // Until stop is requested, and once more then.
  void run(const std::stop_token& stop) EXCLUDES(mutex_);
  // False: this generation is not on disk, because the deadline came first or writing failed.
  [[nodiscard]] bool wait_for(std::uint64_t generation, SteadyTime deadline) EXCLUDES(mutex_);

  [[nodiscard]] metrics::Families families() const override EXCLUDES(mutex_);

 private:
  const std::string path_;
  const Kept& kept_;
  Clock& clock_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t wanted_ GUARDED_BY(mutex_) = 0;              // by whoever waits
  std::optional<std::uint64_t> written_ GUARDED_BY(mutex_);  // the generation on disk
  std::uint64_t attempts_ GUARDED_BY(mutex_) = 0;
  std::uint64_t writes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t failures_ GUARDED_BY(mutex_) = 0;
  bool is_failing_ GUARDED_BY(mutex_) = false;
  double seconds_ GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  WallTime last_success_ GUARDED_BY(mutex_);
};

}  // namespace backstay::sources
