#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace backstay {

// Durations as Prometheus writes them: "250ms", "5s", "1m30s", "1h", "7d". Units ms, s, m, h, d, w,
// y, each at most once, largest first; "0" needs no unit.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<duration>)
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace backstay
