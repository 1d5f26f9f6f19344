#include "base/duration.h"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace backstay {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> kUnits{{
    {"y", 365LL * 24 * 3'600'000},
    {"w", 7LL * 24 * 3'600'000},
    {"d", 24LL * 3'600'000},
    {"h", 3'600'000},
    {"m", 60'000},
    {"s", 1000},
    {"ms", 1},
}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto error = [&]() {
    return fail("\"" + std::string(text.substr(0, 40)) +
                "\" is not a duration such as 250ms, 5s or 1h30m");
  };
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return error();
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // units only get smaller
  for (std::string_view rest = text; !rest.empty();) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
      value = value * 10 + (rest[digits] - '0');
      if (digits > 12) return error();
    }
    rest.remove_prefix(digits);
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789"));
    std::size_t i = next_unit;
    while (i < kUnits.size() && kUnits[i].first != unit) ++i;
    if (digits == 0 || i == kUnits.size()) return error();
    if (value > (std::numeric_limits<std::int64_t>::max() - total) / kUnits[i].second)
      return error();
    total += value * kUnits[i].second;
    rest.remove_prefix(unit.size());
    next_unit = i + 1;
  }
  return std::chrono::milliseconds(total);
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text = rest < 0 ? "-" : "";
  if (rest < 0) rest = -rest;
  for (const auto& [unit, milliseconds] : kUnits) {
    if (rest < milliseconds) continue;
    text += std::to_string(rest / milliseconds);
    text += unit;
    rest %= milliseconds;
  }
  return text;
}

}  // namespace backstay
