#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "exporter/formats/parser.h"
#include "exporter/metrics/source.h"
#include "exporter/requests/tally.h"
#include "exporter/sources/batch.h"
#include "exporter/sources/checkpoint.h"
#include "exporter/sources/seen_batches.h"
#include "exporter/sources/source_counts.h"

namespace backstay::sources {

// All that lines have become, and the places up to which they were read, behind one lock: so that
// what is shown and what is kept on disk is of one moment. Thread-safe.
class Totals final : public metrics::Source, public Kept, public BatchSink {
 public:
  Totals(std::shared_ptr<const requests::RequestOptions> options, Clock& clock);

  // Sources are added before anything is counted; the number is theirs from then on.
  std::size_t add_file(std::string name);
  std::size_t add_drain(std::string name);
  // From a checkpoint: of the sources that were added, and all that was counted. Returns when it
  // was of; an error leaves everything at 0.
  Result<std::int64_t> restore(std::string_view record) EXCLUDES(mutex_);
  // Of a source that the checkpoint knew; none: it is a new one.
  [[nodiscard]] std::optional<std::vector<FilePlace>> places(std::size_t source) const
      EXCLUDES(mutex_);

  // Whole lines of a file, and where its source stands behind them.
  void take(std::size_t source, std::string_view lines, formats::Parser& parser,
            const LogFiles& files) EXCLUDES(mutex_);
  // The same where nothing was read.
  void note(std::size_t source, const LogFiles& files) EXCLUDES(mutex_);

  // BatchSink. A checkpoint makes a batch last; without one it counts as soon as it is counted.
  void keep_in(Checkpoint* checkpoint) { checkpoint_ = checkpoint; }
  std::unique_ptr<Batch> open(const std::string& drain) override;
  Taken commit(std::unique_ptr<Batch> batch, const BatchId& id) override EXCLUDES(mutex_);

  [[nodiscard]] Moment moment() const override EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t generation() const override EXCLUDES(mutex_);
  // Waits until what these show is kept, for kScrapePatience at most: only so is none lower after a
  // crash. What is read again may come in another order where there are several files, and a route
  // that was the last one with room is then another.
  [[nodiscard]] metrics::Families families() const override EXCLUDES(mutex_);
  [[nodiscard]] std::string errors_json() const EXCLUDES(mutex_);
  // window: as in "1h"; empty: the usual one.
  [[nodiscard]] Result<std::string> report_json(const std::string& window) const EXCLUDES(mutex_);

 private:
  static constexpr std::chrono::seconds kScrapePatience{1};  // a disk may be full, or slow

  [[nodiscard]] std::int64_t now_ms() const;
  void tidy(std::int64_t now) REQUIRES(mutex_);

  const std::shared_ptr<const requests::RequestOptions> options_;
  Clock& clock_;
  const std::int64_t started_ms_;
  Checkpoint* checkpoint_ = nullptr;
  mutable Mutex mutex_;
  requests::Tally tally_ GUARDED_BY(mutex_);
  std::vector<SourceCounts> sources_ GUARDED_BY(mutex_);
  SeenBatches seen_ GUARDED_BY(mutex_);
  std::uint64_t generation_ GUARDED_BY(mutex_) = 0;
  std::uint64_t batch_generation_ GUARDED_BY(mutex_) = 0;  // of the last batch
  std::int64_t tidied_ms_ GUARDED_BY(mutex_) = 0;
};

}  // namespace backstay::sources
