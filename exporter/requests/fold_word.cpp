#include "exporter/requests/fold_word.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace backstay::requests {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// shape: 9 a digit, h a hexadecimal one, all else itself.
bool begins_like(std::string_view word, std::string_view shape) {
  if (word.size() < shape.size()) return false;
  return std::equal(shape.begin(), shape.end(), word.begin(), [](char wanted, char c) {
    return wanted == '9' ? is_digit(c) : wanted == 'h' ? is_hex(c) : wanted == c;
  });
}

bool is_uuid(std::string_view word) {
  constexpr std::string_view kShape = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
  return word.size() == kShape.size() && begins_like(word, kShape);
}

// A date, a time of the day, or both: 2026-11-25T14:05:12.123Z, 25/Nov/2026:14:05:12, 14:05:12,5.
bool is_date(std::string_view word) {
  if (begins_like(word, "9999-99-99") || begins_like(word, "9999/99/99")) {
    return word.size() == 10 || !is_digit(word[10]);
  }
  if (begins_like(word, "99:99:99")) return word.size() == 8 || !is_digit(word[8]);
  if (word.size() >= 11 && begins_like(word, "99/") && word[6] == '/') {
    return begins_like(word.substr(7), "9999");
  }
  return word.size() == 10 && begins_like(word.substr(2), "/99/9999") && begins_like(word, "99");
}

bool is_ip4(std::string_view word) {
  std::size_t parts = 0;
  for (;;) {
    std::size_t digits = 0;
    while (digits < word.size() && is_digit(word[digits])) ++digits;
    if (digits == 0 || digits > 3) return false;
    word.remove_prefix(digits);
    if (++parts == 4) break;
    if (word.empty() || word.front() != '.') return false;
    word.remove_prefix(1);
  }
  // Behind it a port or a prefix length may stand.
  return word.empty() || ((word.front() == ':' || word.front() == '/') &&
                          std::all_of(word.begin() + 1, word.end(), is_digit));
}

bool is_ip6(std::string_view word) {
  const auto colons = std::count(word.begin(), word.end(), ':');
  const bool is_all_hex =
      std::all_of(word.begin(), word.end(), [](char c) { return is_hex(c) || c == ':'; });
  return is_all_hex && colons <= 7 && (colons == 7 || word.find("::") != std::string_view::npos) &&
         std::any_of(word.begin(), word.end(), is_hex);
}

bool is_email(std::string_view word) {
  const std::size_t sign = word.find('@');
  return sign != std::string_view::npos && sign > 0 && sign + 1 < word.size() &&
         is_letter(word.back()) && word.find('.', sign) != std::string_view::npos;
}

constexpr std::array<std::string_view, 22> kUnits{
    "ns", "us",  "µs",   "μs",     "ms",      "msec", "s",  "sec",  "secs",  "second", "seconds",
    "m",  "min", "mins", "minute", "minutes", "h",    "hr", "hour", "hours", "d",      "days"};

// Numbers with a sign, commas, a fraction, an exponent or a percent sign; behind them may stand a
// unit of time: 12, -3.5e-7, 1,024, 99.9%, 1h2m3.5s.
std::string_view number_kind(std::string_view word) {
  if (word.front() == '-' || word.front() == '+') word.remove_prefix(1);
  if (word.empty() || !is_digit(word.front())) return {};
  bool has_unit = false;
  while (!word.empty()) {
    std::size_t end = 0;
    while (end < word.size() && (is_digit(word[end]) || word[end] == '.' || word[end] == ','))
      ++end;
    if (end == 0) return {};
    word.remove_prefix(end);
    if (word.empty()) break;
    if (word == "%") return "<number>";
    const bool is_exponent = word.size() > 1 && (word.front() == 'e' || word.front() == 'E');
    if (is_exponent && (is_digit(word[1]) || word[1] == '-' || word[1] == '+')) {
      return std::all_of(word.begin() + 2, word.end(), is_digit) ? "<number>" : std::string_view();
    }
    std::size_t letters = 0;
    while (letters < word.size() && !is_digit(word[letters])) ++letters;
    if (std::find(kUnits.begin(), kUnits.end(), word.substr(0, letters)) == kUnits.end()) return {};
    has_unit = true;
    word.remove_prefix(letters);
  }
  return has_unit ? "<duration>" : "<number>";
}

}  // namespace

std::string_view variable_kind(std::string_view word) {
  if (word.find("://") != std::string_view::npos) return "<url>";
  if (is_email(word)) return "<email>";
  std::size_t digits = 0;
  std::size_t hex = 0;
  std::size_t letters = 0;
  for (const char c : word) {
    digits += is_digit(c) ? 1 : 0;
    hex += is_hex(c) ? 1 : 0;
    letters += is_letter(c) ? 1 : 0;
  }
  if (word.find(':') != std::string_view::npos && is_ip6(word)) return "<ip>";
  if (digits == 0) return {};
  if (is_uuid(word)) return "<uuid>";
  if (is_date(word)) return "<date>";
  if (is_ip4(word)) return "<ip>";
  const std::string_view number = number_kind(word);
  if (!number.empty()) return number;
  if (word.starts_with("0x") && hex == word.size() - 1) return "<hex>";
  if (hex == word.size() && hex >= 8) return hex >= 32 ? "<hash>" : "<hex>";
  const bool is_token = digits + letters + std::count(word.begin(), word.end(), '_') +
                            std::count(word.begin(), word.end(), '-') ==
                        word.size();
  return is_token && word.size() >= 16 && digits >= 3 ? "<id>" : std::string_view();
}

}  // namespace backstay::requests
