#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/pg.h"
#include "base/result.h"
#include "exporter/collectors/events/event_spec.h"
#include "exporter/collectors/events/event_time.h"

namespace backstay::collectors {

using LabelValues = std::vector<std::string>;  // in the order of the spec's

// The times of the rows that a count saw, as far as what comes later is dated elsewhere: rows that
// are not there any more are missed among these alone.
struct SeenTimes {
  std::optional<EventTime> before;  // its clock
  // The clocks of applications, and its own snapshot, may be a little ahead of that clock: from it
  // to just after the newest such row.
  std::optional<EventTime> ahead_before;
  // Others are dated in the future for good: from the oldest of them on.
  std::optional<EventTime> far_from;
};

// Which rows one count reads, and where it cuts them. Each time is the first that is not below.
struct EventWindow {
  std::optional<EventTime> from;          // what is below is final already; none: the whole table
  std::optional<EventTime> until;         // what is not below is not read; none: all is
  std::optional<EventTime> final_before;  // what is below becomes final; none: nothing does
  SeenTimes seen;                         // by the last count
  EventTime clock;                        // the server's, read before the snapshot of this count
  EventTime far_from;                     // further ahead than a clock should be
};

// Rows of one label set that lie on the same side of each cut.
struct EventGroup {
  LabelValues labels;
  bool is_final = false;
  bool was_seen = false;                  // by the last count, or dated as if: below its clock
  bool was_ahead = false;                 // the same of what was ahead of its clock
  bool is_past = false;                   // below the clock
  std::optional<EventTime> newest_ahead;  // of those between the clock and the window's far_from
  std::optional<EventTime> oldest_far;    // of those from there on, cut to a second
  std::vector<double> components;         // as component_count() says
};

// What one count may bring. Beyond max_series label sets become `other`, but they come here first.
inline constexpr std::size_t kGroupsMax = 100'000;

// What is added up, for any of: events; then for a value its sum; then for a histogram the events
// in each bucket, +Inf the last, not cumulative.
std::size_t component_count(const EventSpec& spec);

// One SELECT each. With `kept`, all label sets but these are `other` on the server already.
std::string count_sql(const EventSpec& spec, const EventWindow& window,
                      const std::vector<LabelValues>& kept = {});
// The label sets with the most events in that window, each with their number.
std::string busiest_sql(const EventSpec& spec, const EventWindow& window, std::size_t sets_max);
// Its one value is the name of the type that the spec's time has.
std::string time_type_sql(const EventSpec& spec);

// Fails where a value is negative or no finite number, and with more than kGroupsMax rows.
Result<std::vector<EventGroup>> read_groups(const EventSpec& spec, const pg::Rows& rows);
std::map<LabelValues, double> read_busiest(const EventSpec& spec, const pg::Rows& rows);

}  // namespace backstay::collectors
