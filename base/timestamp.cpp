#include "base/timestamp.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace backstay {
namespace {

// Reads `width` digits from the front of the text and takes them off.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char wanted, char also) {
  if (text.empty() || (text.front() != wanted && text.front() != also)) return false;
  text.remove_prefix(1);
  return true;
}

// ".250123" → 250 ms; further digits are cut off.
std::optional<std::chrono::milliseconds> take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return std::chrono::milliseconds(0);
  text.remove_prefix(1);
  int value = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    if (digits++ < 3) value = value * 10 + (text.front() - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) value *= 10;
  return std::chrono::milliseconds(value);
}

// "Z" or "+01:00".
std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z', 'z')) return std::chrono::minutes(0);
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '+' ? 1 : -1;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':', ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

std::optional<WallTime> parse(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-', '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-', '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !(take(text, 'T', 't') || take(text, ' ', ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':', ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':', ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!offset || !text.empty() || !date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + std::chrono::seconds(*second) + *fraction -
                  *offset);
}

}  // namespace

WallTime from_unix_ms(std::int64_t ms) {
  using namespace std::chrono_literals;
  constexpr WallTime kFirst = std::chrono::sys_days(0y / 1 / 1);
  constexpr WallTime kLast = WallTime(std::chrono::sys_days(10000y / 1 / 1)) - 1ms;
  return std::clamp(WallTime(std::chrono::milliseconds(ms)), kFirst, kLast);
}

std::string format_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto time = parse(text);
  // The offset or a leap second may lead out of the years that can be written.
  const bool can_be_written = time && from_unix_ms(to_unix_ms(*time)) == *time;
  if (!can_be_written) return fail("not a time in RFC 3339 (2026-11-23T08:13:04Z)");
  return *time;
}

double to_unix_seconds(WallTime time) { return static_cast<double>(to_unix_ms(time)) / 1000; }

}  // namespace backstay
