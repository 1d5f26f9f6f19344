#include "exporter/formats/field_number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace backstay::formats {
namespace {

// As many digits as a double holds exactly, so that one division rounds as it should.
constexpr std::size_t kExactDigitsMax = 15;
constexpr std::array<double, kExactDigitsMax + 1> kPowersOfTen{
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Nearly all numbers of a log, 0.012 or 87, at a fraction of the price of from_chars.
std::optional<double> parse_short_decimal(std::string_view text) {
  if (text.empty() || text.size() > kExactDigitsMax) return std::nullopt;
  std::uint64_t digits = 0;
  std::size_t decimals = 0;
  bool has_point = false;
  for (const char c : text) {
    if (is_digit(c)) {
      digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
      decimals += has_point ? 1 : 0;
    } else if (c == '.' && !has_point) {
      has_point = true;
    } else {
      return std::nullopt;
    }
  }
  if (!is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  return static_cast<double>(digits) / kPowersOfTen[decimals];
}

}  // namespace

std::optional<double> parse_real(std::string_view text) {
  if (const auto value = parse_short_decimal(text)) return value;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  const bool is_real = parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(value);
  return is_real && value >= 0 ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec == std::errc() && parsed.ptr == end) return value;
  const auto real = parse_real(text);
  const bool is_whole = real && *real < 9e15 && *real == std::floor(*real);
  return is_whole ? std::optional(static_cast<std::uint64_t>(*real)) : std::nullopt;
}

std::optional<double> parse_duration(std::string_view text, double units_per_second) {
  const auto value = parse_real(text);
  if (!value) return std::nullopt;
  const double seconds = *value / units_per_second;
  return seconds < kDurationSecondsMax ? std::optional(seconds) : std::nullopt;
}

}  // namespace backstay::formats
