#pragma once

#include <string>

#include "base/result.h"
#include "exporter/collectors/events/event_spec.h"
#include "exporter/collectors/events/event_totals.h"

namespace backstay::collectors {

// The state file of one event collector: JSON, the format is in docs/EVENTS.md.
std::string write_event_state(const EventSpec& spec, const EventTotals& totals);

// Why a state file is not gone on with.
enum class StateFault {
  damaged,             // no JSON, or not of the form that we write
  definition_changed,  // the totals are of something else
  too_new,             // of a later version of this program
};
std::string to_string(StateFault fault);

// The totals, or what is wrong with the text.
tl::expected<EventTotals, StateFault> read_event_state(const EventSpec& spec,
                                                       const std::string& text);

}  // namespace backstay::collectors
