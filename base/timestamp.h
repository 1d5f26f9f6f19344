#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace backstay {

// Points in time as people and webhooks write them: RFC 3339, always read into and written in UTC.
// "2026-11-23T08:13:04.250Z"; the parser takes any offset and any number of fractional digits
// (cut to milliseconds). Independent of the locale.
std::string format_rfc3339(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

// Milliseconds since the epoch, as the journal keeps times.
inline std::int64_t to_unix_ms(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime from_unix_ms(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

// Seconds since the epoch, with fraction, as Prometheus writes times.
double to_unix_seconds(WallTime time);

}  // namespace backstay
