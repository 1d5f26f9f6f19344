#pragma once

#include <array>
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "exporter/formats/access_event.h"
#include "exporter/metrics/source.h"
#include "exporter/requests/request_metrics.h"
#include "exporter/sources/log_tail.h"

namespace backstay::sources {

// One access log of the configuration: its lines become observations, and it counts what became of
// each. run() and read_whole() on one thread; families() from any.
class LogSource final : public metrics::Source {
 public:
  LogSource(std::string path, LogTail::From from, requests::RequestMetrics& metrics, Clock& clock);

  // Follows the file until stop is requested.
  void run(const std::stop_token& stop);
  // Reads the file once, from where it was opened to its end. Fails where it cannot be read.
  Result<void> read_whole();

  [[nodiscard]] metrics::Families families() const override EXCLUDES(mutex_);

 private:
  void poll() EXCLUDES(mutex_);
  void take(std::string_view line);

  const std::string path_;
  requests::RequestMetrics& metrics_;
  Clock& clock_;
  LogTail tail_;
  // Counted on the reading thread, shown under the lock after each round.
  std::uint64_t lines_ = 0;
  std::array<std::uint64_t, formats::kRejectReasons> rejected_{};

  struct Shown {
    std::uint64_t lines = 0;
    std::array<std::uint64_t, formats::kRejectReasons> rejected{};
    TailCounters tail;
  };
  mutable Mutex mutex_;
  Shown shown_ GUARDED_BY(mutex_);
};

}  // namespace backstay::sources
