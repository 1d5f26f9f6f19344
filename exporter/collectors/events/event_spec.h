#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/config_file.h"
#include "exporter/collectors/collector.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

struct EventLabel {
  std::string name;
  std::string sql;  // its value in a row
};

// A counter or a histogram over an append-only table of events: rows come, keep their time and
// labels, and go only when they are no longer wanted. docs/EVENTS.md says what that buys.
struct EventSpec {
  std::string name;  // of the metric
  std::string help;
  metrics::Type type = metrics::Type::counter;
  // What follows is SQL, as the catalog's author wrote it.
  std::string table;
  std::string time;   // of type timestamptz; a row where it is NULL is no event
  std::string value;  // counter: what each event adds, 1 where empty; histogram: what is observed
  std::string where;  // empty: every row
  std::vector<EventLabel> labels;

  std::vector<double> buckets;         // of a histogram: upper bounds, rising, without +Inf
  std::vector<std::string> zero_fill;  // values of the one label that are there from the start
  std::size_t series_max = 100;        // label sets that come later count as `other`

  // How much earlier than the start of its transaction an event's time may be.
  std::chrono::milliseconds settle{60'000};
  std::chrono::milliseconds reconcile{86'400'000};  // how often all is counted again
  // Of a count that is known to be long: of a whole table, or after one that ran out of time.
  std::chrono::milliseconds slow_timeout{240'000};
  Schedule schedule{std::chrono::seconds(10), std::chrono::minutes(5), std::chrono::seconds(30)};
};

// An entry of a catalog that has a section `events`. Faults are noted at the node.
EventSpec read_event_spec(ConfigNode& query);

// What the totals of such a collector mean: with another one they cannot go on. Independent of what
// only says how they are read and shown.
std::string definition_of(const EventSpec& spec);

}  // namespace backstay::collectors
