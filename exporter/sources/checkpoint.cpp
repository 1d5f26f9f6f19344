#include "exporter/sources/checkpoint.h"

#include <utility>

#include "base/log.h"
#include "exporter/sources/checkpoint_file.h"

namespace backstay::sources {
namespace {

constexpr std::chrono::milliseconds kInterval{1000};
// After a failure, so that a full disk is not written at without a pause.
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

Checkpoint::Checkpoint(std::string path, const Kept& kept, Clock& clock)
    : path_(std::move(path)), kept_(kept), clock_(clock) {}

void Checkpoint::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      MutexLock lock(mutex_);
      changed_.wait_for(lock, stop, kInterval,
                        [this]() REQUIRES(mutex_) { return wanted_ > written_; });
    }
    write();
    const auto is_failing = [this]() {
      const MutexLock lock(mutex_);
      return is_failing_;
    };
    if (is_failing()) clock_.sleep(kPause, stop);
  }
  write();
}

void Checkpoint::write() {
  {
    const MutexLock lock(mutex_);
    if (kept_.generation() == written_ && !is_failing_) return;
  }
  const SteadyTime begun = clock_.steady();
  const Kept::Moment moment = kept_.moment();
  const auto written = write_checkpoint(path_, moment.record);
  const MutexLock lock(mutex_);
  ++attempts_;
  if (written) {
    if (is_failing_) log::info("the checkpoint can be written again", {{"file", path_}});
    written_ = moment.generation;
    ++writes_;
    bytes_ = moment.record.size();
    last_success_ = clock_.now();
  } else {
    if (!is_failing_) {
      log::error("the checkpoint cannot be written; places and counters are kept in memory",
                 {{"error", written.error().message}});
    }
    ++failures_;
  }
  is_failing_ = !written;
  seconds_ += std::chrono::duration<double>(clock_.steady() - begun).count();
  changed_.notify_all();
}

bool Checkpoint::wait_for(std::uint64_t generation, SteadyTime deadline) {
  MutexLock lock(mutex_);
  wanted_ = std::max(wanted_, generation);
  // One that has begun already may have read its record before this generation.
  const std::uint64_t enough = attempts_ + 2;
  changed_.notify_all();
  changed_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) {
    return written_ >= generation || (is_failing_ && attempts_ >= enough);
  });
  return written_ >= generation;
}

metrics::Families Checkpoint::families() const {
  const MutexLock lock(mutex_);
  const auto family = [](const char* name, const char* help, metrics::Type type, double value) {
    return metrics::Family{name, help, type, {{{}, value, {}}}};
  };
  constexpr metrics::Type kCounter = metrics::Type::counter;
  constexpr metrics::Type kGauge = metrics::Type::gauge;
  metrics::Families families{
      family("backstay_checkpoint_writes_total", "Times that places and counters were written.",
             kCounter, static_cast<double>(writes_)),
      family("backstay_checkpoint_failures_total", "Times that they could not be written.",
             kCounter, static_cast<double>(failures_)),
      family("backstay_checkpoint_write_seconds_total", "Time spent writing them.", kCounter,
             seconds_)};
  if (writes_ == 0) return families;
  families.push_back(family("backstay_checkpoint_bytes", "Size of the last one.", kGauge,
                            static_cast<double>(bytes_)));
  families.push_back(family("backstay_checkpoint_last_success_timestamp_seconds",
                            "When the last one was written.", kGauge,
                            static_cast<double>(last_success_.time_since_epoch().count()) / 1000));
  return families;
}

}  // namespace backstay::sources
