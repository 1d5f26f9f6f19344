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

// How many digits stand from there on; they are added behind those that `value` has.
std::size_t take_digits(std::string_view text, std::size_t from, std::uint64_t& value) {
  std::uint64_t digits = value;  // a copy, or each byte that is read might change it
  std::size_t at = from;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    digits = digits * 10 + static_cast<std::uint64_t>(text[at] - '0');
  }
  value = digits;
  return at - from;
}

// Nearly all numbers of a log, 0.012 or 87, at a fraction of the price of from_chars.
std::optional<double> parse_short_decimal(std::string_view text) {
  if (text.size() > kExactDigitsMax) return std::nullopt;
  std::uint64_t value = 0;
  const std::size_t whole = take_digits(text, 0, value);
  if (whole == 0) return std::nullopt;
  if (whole == text.size()) return static_cast<double>(value);
  if (text[whole] != '.') return std::nullopt;
  const std::size_t decimals = take_digits(text, whole + 1, value);
  if (decimals == 0 || whole + 1 + decimals != text.size()) return std::nullopt;
  return static_cast<double>(value) / kPowersOfTen[decimals];
}

}  // namespace

std::optional<double> parse_real(std::string_view text) {
  if (const auto value = parse_short_decimal(text)) return *value;
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
  const double seconds = units_per_second == 1 ? *value : *value / units_per_second;
  return seconds < kDurationSecondsMax ? std::optional(seconds) : std::nullopt;
}

}  // namespace backstay::formats
