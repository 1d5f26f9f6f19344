#pragma once

#include <optional>

#include "exporter/formats/access_event.h"
#include "exporter/formats/json_reader.h"

namespace backstay::formats {

// What the values of a line come to: a request where there are a status and what was asked for,
// else a message where there are a level, a message or a stack, else the reason why neither.
// A number that is none ("-", "n/a") is left out of a request, not the request out of the figures.
Parsed event_or_message(const JsonValues& values);

// Only the message.
Parsed message_or(const JsonValues& values, RejectReason reason);

}  // namespace backstay::formats
