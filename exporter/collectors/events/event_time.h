#pragma once

#include <chrono>
#include <string>

namespace backstay::collectors {

// When an event happened, as exactly as PostgreSQL keeps it.
using EventTime = std::chrono::sys_time<std::chrono::microseconds>;

// "2026-11-23T08:13:04.250123Z", which PostgreSQL reads alike whatever its time zone and DateStyle.
std::string format_event_time(EventTime time);

// Seconds since the epoch, with fraction, as Prometheus writes times.
double to_unix_seconds(EventTime time);

}  // namespace backstay::collectors
