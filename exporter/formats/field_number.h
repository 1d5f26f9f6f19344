#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::formats {

// Numbers as logs write them, in any locale. What is no number to its last character, negative,
// infinite or out of range is none: "-", "", "nan", "0.5s".
std::optional<double> parse_real(std::string_view text);
// A whole number; 12.0 and 1.2e1 are whole too.
std::optional<std::uint64_t> parse_whole(std::string_view text);

// Some days: what is more is no duration of a request, but a mistake in the unit or in a clock.
inline constexpr double kDurationSecondsMax = 1e6;
// Seconds, of a number that has so many units a second; from 0 to less than the maximum.
std::optional<double> parse_duration(std::string_view text, double units_per_second);

}  // namespace backstay::formats
