#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "exporter/collectors/events/event_bound.h"
#include "exporter/collectors/events/event_time.h"
#include "exporter/metrics/source.h"

namespace backstay::collectors {

// How one event collector is doing. What is not known yet has no value.
struct EventStatus {
  std::optional<std::set<Hold>> holds;
  std::optional<EventTime> final_before;
  std::optional<double> tail_events;
  std::optional<double> tail_seconds;
  std::optional<double> count_seconds;
  std::optional<bool> is_full;
  std::optional<double> late_events;
  std::optional<double> vanished_events;
  std::optional<WallTime> recounted_at;
  double recounts_failed = 0;
  std::map<std::string, double> state_resets{{"damaged", 0}, {"definition_changed", 0}};
};

// backstay_events_…{collector}: what event collectors say about themselves, also while they fail
// and their own metrics are absent. docs/METRICS.md has a row for each. Thread-safe.
class EventReport final : public metrics::Source {
 public:
  void set(const std::string& collector, const EventStatus& status) EXCLUDES(mutex_);
  [[nodiscard]] metrics::Families families() const override EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, EventStatus> collectors_ GUARDED_BY(mutex_);
};

}  // namespace backstay::collectors
