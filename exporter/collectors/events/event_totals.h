#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exporter/collectors/events/event_spec.h"
#include "exporter/collectors/events/event_sql.h"
#include "exporter/collectors/events/event_time.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

using Components = std::vector<double>;  // component_count() of them

// What is known of one label set. shown = base + below + the tail, and never falls.
struct EventSeries {
  Components base;    // shown once, and not in the table any more
  Components below;   // in the table and final, when that was last counted
  Components recent;  // of the tail, what lay below the clock of the last count
  Components ahead;   // the rest of it
  Components shown;
};

// What one collector knows, and keeps in its state file. Plain data.
struct EventTotals {
  std::optional<EventTime> final_before;  // rows below are counted and never read again but to mend
  SeenTimes seen;                         // by the last count
  std::map<LabelValues, EventSeries> series;
  bool is_full = false;        // a label set went to `other`: no new one is let in any more
  double late_events = 0;      // found below final_before by a recount
  double vanished_events = 0;  // were counted and are not in the table any more
  std::optional<WallTime> recounted_at;
};

// The window of the next count: with a hold nothing becomes final.
struct Bound;
EventWindow next_window(const EventTotals& totals, const Bound& bound,
                        std::chrono::milliseconds settle);
// Everything that is final.
EventWindow recount_window(EventTime final_before);

// The totals once so many label sets came that these are the busiest of them: they are let in while
// there is room, and then it is full.
EventTotals filled_up(const EventSpec& spec, EventTotals totals,
                      const std::map<LabelValues, double>& busiest);

// The label sets that are there before the first event: the one without labels, those of zero_fill.
void add_known_series(const EventSpec& spec, EventTotals& totals);

// The totals after a count of that window.
EventTotals after_count(const EventSpec& spec, EventTotals totals, const EventWindow& window,
                        const std::vector<EventGroup>& groups);

// The totals after a recount of everything below final_before. More rows than were known came late
// and are added; fewer were deleted, and stay in the total.
EventTotals after_recount(const EventSpec& spec, EventTotals totals,
                          const std::vector<EventGroup>& groups, WallTime now);

// Rows that the next count will read again.
double tail_events(const std::vector<EventGroup>& groups);

metrics::Family to_family(const EventSpec& spec, const EventTotals& totals);

}  // namespace backstay::collectors
