#include "exporter/collectors/events/event_report.h"

#include <algorithm>
#include <functional>

#include "base/timestamp.h"

namespace backstay::collectors {
namespace {

using metrics::Labels;
using metrics::Type;
using Statuses = std::map<std::string, EventStatus>;

// A family with one series for each collector that knows it.
metrics::Family family(const Statuses& statuses, const std::string& name, const std::string& help,
                       Type type,
                       const std::function<std::optional<double>(const EventStatus&)>& value_of) {
  metrics::Family family{name, help, type, {}};
  for (const auto& [collector, status] : statuses) {
    if (const auto value = value_of(status)) {
      family.samples.push_back({{{"collector", collector}}, *value, {}});
    }
  }
  return family;
}

metrics::Family holds(const Statuses& statuses) {
  metrics::Family family{
      "backstay_events_held", "Whether this keeps events from becoming final.", Type::gauge, {}};
  for (const auto& [collector, status] : statuses) {
    if (!status.holds) continue;
    for (const Hold hold : kHolds) {
      family.samples.push_back({{{"collector", collector}, {"reason", to_string(hold)}},
                                status.holds->count(hold) != 0 ? 1.0 : 0.0,
                                {}});
    }
  }
  return family;
}

metrics::Family resets(const Statuses& statuses) {
  metrics::Family family{"backstay_events_state_resets_total",
                         "Times that the totals began anew, by what was wrong with the old ones.",
                         Type::counter,
                         {}};
  for (const auto& [collector, status] : statuses) {
    for (const auto& [reason, count] : status.state_resets) {
      family.samples.push_back({{{"collector", collector}, {"reason", reason}}, count, {}});
    }
  }
  return family;
}

metrics::Families about_the_tail(const Statuses& all) {
  return {
      family(all, "backstay_events_final_before_timestamp_seconds",
             "Events before this are counted for good.", Type::gauge,
             [](const EventStatus& status) -> std::optional<double> {
               if (!status.final_before) return std::nullopt;
               return to_unix_seconds(*status.final_before);
             }),
      family(all, "backstay_events_tail_rows", "Rows that each count reads again.", Type::gauge,
             [](const EventStatus& status) { return status.tail_events; }),
      family(all, "backstay_events_tail_seconds", "How far back the tail reaches.", Type::gauge,
             [](const EventStatus& status) { return status.tail_seconds; }),
      family(all, "backstay_events_count_duration_seconds", "How long the last count took.",
             Type::gauge, [](const EventStatus& status) { return status.count_seconds; }),
      family(
          all, "backstay_events_full",
          "Whether a label set went to other, because there were max_series: all that come now do.",
          Type::gauge, [](const EventStatus& status) -> std::optional<double> {
            if (!status.is_full) return std::nullopt;
            return *status.is_full ? 1 : 0;
          })};
}

metrics::Families about_recounts(const Statuses& all) {
  return {
      family(all, "backstay_events_late_total",
             "Events that came below the bound, and were found by a recount.", Type::counter,
             [](const EventStatus& status) { return status.late_events; }),
      family(all, "backstay_events_vanished_total",
             "Events that were counted, and are not in the table any more.", Type::counter,
             [](const EventStatus& status) { return status.vanished_events; }),
      family(all, "backstay_events_recount_timestamp_seconds", "When everything was counted last.",
             Type::gauge,
             [](const EventStatus& status) -> std::optional<double> {
               if (!status.recounted_at) return std::nullopt;
               return backstay::to_unix_seconds(*status.recounted_at);
             }),
      family(all, "backstay_events_recounts_failed_total", "Recounts that failed; since the start.",
             Type::counter, [](const EventStatus& status) -> std::optional<double> {
               return status.recounts_failed;
             })};
}

}  // namespace

void EventReport::set(const std::string& collector, const EventStatus& status) {
  const MutexLock lock(mutex_);
  collectors_[collector] = status;
}

metrics::Families EventReport::families() const {
  const MutexLock lock(mutex_);
  metrics::Families all{holds(collectors_), resets(collectors_)};
  for (auto& more : {about_the_tail(collectors_), about_recounts(collectors_)}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  // A family without a series would be a name without a meaning.
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const metrics::Family& one) { return one.samples.empty(); }),
            all.end());
  return all;
}

}  // namespace backstay::collectors
