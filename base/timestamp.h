#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace backstay {

// Points in time as people and webhooks write them: RFC 3339, always read into and written in UTC.
// "2026-11-23T08:13:04.250Z"; the parser takes any offset and any number of fractional digits
// (cut to milliseconds), and refuses what is outside of the years 0000 to 9999 in UTC, so that all
// that was read can be written and read again. Independent of the locale.
std::string format_rfc3339(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

// Milliseconds since the epoch, as the journal keeps times.
inline std::int64_t to_unix_ms(WallTime time) { return time.time_since_epoch().count(); }
// Clamped to the years that RFC 3339 can write, 0000 to 9999: whatever stands in a file, no sum or
// difference of times overflows.
WallTime from_unix_ms(std::int64_t ms);

// Seconds since the epoch, with fraction, as Prometheus writes times.
double to_unix_seconds(WallTime time);

}  // namespace backstay
