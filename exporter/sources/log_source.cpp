#include "exporter/sources/log_source.h"

#include <utility>

#include "exporter/formats/combined.h"

namespace backstay::sources {
namespace {

constexpr std::chrono::milliseconds kPollInterval{50};

}  // namespace

LogSource::LogSource(std::string path, LogTail::From from, requests::RequestMetrics& metrics,
                     Clock& clock)
    : path_(std::move(path)),
      metrics_(metrics),
      clock_(clock),
      tail_(
          path_, from, [this](std::string_view line) { take(line); }, clock) {}

void LogSource::take(std::string_view line) {
  ++lines_;
  const auto parsed = formats::parse_combined(line);
  if (const auto* event = std::get_if<formats::AccessEvent>(&parsed)) {
    metrics_.observe(*event);
  } else {
    ++rejected_[static_cast<std::size_t>(std::get<formats::RejectReason>(parsed))];
  }
}

void LogSource::poll() {
  tail_.poll();
  const MutexLock lock(mutex_);
  shown_ = {lines_, rejected_, tail_.counters()};
}

void LogSource::run(const std::stop_token& stop) {
  do {
    poll();
  } while (clock_.sleep(kPollInterval, stop));
}

Result<void> LogSource::read_whole() {
  poll();
  if (!tail_.counters().is_readable) return fail(path_ + ": cannot be read");
  tail_.finish();
  poll();
  return {};
}

metrics::Families LogSource::families() const {
  const MutexLock lock(mutex_);
  const metrics::Labels labels{{"source", path_}};
  const auto family = [&](const char* name, const char* help, metrics::Type type, double value) {
    return metrics::Family{name, help, type, {{labels, value, {}}}};
  };
  const TailCounters& tail = shown_.tail;
  constexpr metrics::Type kCounter = metrics::Type::counter;
  constexpr metrics::Type kGauge = metrics::Type::gauge;
  metrics::Family rejected{
      "backstay_log_lines_rejected_total", "Lines that are no request, by reason.", kCounter, {}};
  for (std::size_t i = 0; i < formats::kRejectReasons; ++i) {
    std::uint64_t count = shown_.rejected[i];
    const auto reason = static_cast<formats::RejectReason>(i);
    if (reason == formats::RejectReason::too_long) count += tail.lines_too_long;
    metrics::Sample sample{labels, static_cast<double>(count), {}};
    sample.labels.emplace_back("reason", to_string(reason));
    rejected.samples.push_back(std::move(sample));
  }
  return {
      family("backstay_log_lines_total", "Lines read, rejected ones included.", kCounter,
             static_cast<double>(shown_.lines + tail.lines_too_long)),
      std::move(rejected),
      family("backstay_log_rotations_total", "Times that another file stood at the path.", kCounter,
             static_cast<double>(tail.rotations)),
      family("backstay_log_truncations_total", "Times that the file became shorter.", kCounter,
             static_cast<double>(tail.truncations)),
      family("backstay_log_lag_bytes", "Bytes written and not read yet.", kGauge,
             static_cast<double>(tail.lag_bytes)),
      family("backstay_log_readable", "1 while the file can be read.", kGauge,
             tail.is_readable ? 1 : 0),
  };
}

}  // namespace backstay::sources
