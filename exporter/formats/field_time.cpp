#include "exporter/formats/field_time.h"

#include "exporter/formats/field_number.h"

namespace backstay::formats {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What stands at the front, taken off it as it is read.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  // So many digits.
  int number(std::size_t digits) {
    if (rest_.size() < digits) return fail();
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit(rest_[i])) return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  char one_of(std::string_view marks) {
    if (rest_.empty() || marks.find(rest_.front()) == std::string_view::npos) return '\0';
    const char mark = rest_.front();
    rest_.remove_prefix(1);
    return mark;
  }
  void expect(std::string_view marks) {
    if (one_of(marks) == '\0') fail();
  }
  // Jan … Dec
  int month() {
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (rest_.size() < 3) return fail();
    const std::size_t at = kMonths.find(rest_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return fail();
    rest_.remove_prefix(3);
    return static_cast<int>(at / 3) + 1;
  }
  // Behind the point; what is finer than a nanosecond is cut off.
  std::int64_t fraction_ns() {
    std::int64_t ns = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      if (digits < 9) ns = ns * 10 + (rest_[digits] - '0');
    }
    if (digits == 0) return fail();
    for (std::size_t i = digits; i < 9; ++i) ns *= 10;
    rest_.remove_prefix(digits);
    return ns;
  }
  // Z, +01:00, +0100, +01, or nothing, which is taken for UTC.
  std::int64_t offset_seconds() {
    if (one_of("Zz") != '\0' || rest_.empty()) return 0;
    const char sign = one_of("+-");
    if (sign == '\0') return fail();
    const int hours = number(2);
    one_of(":");
    const int minutes = rest_.empty() ? 0 : number(2);
    if (hours > 23 || minutes > 59) return fail();
    const std::int64_t seconds = (hours * 60 + minutes) * 60;
    return sign == '-' ? -seconds : seconds;
  }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  [[nodiscard]] bool is_good() const { return is_good_; }
  int fail() {
    is_good_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

// Behind the date: HH:MM:SS, fraction, zone, end.
std::optional<FieldTime> read_clock(Cursor& cursor, std::int64_t days) {
  const int hour = cursor.number(2);
  cursor.expect(":");
  const int minute = cursor.number(2);
  cursor.expect(":");
  const int second = cursor.number(2);
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  FieldTime time;
  if (cursor.one_of(".,") != '\0') {
    time.unix_ns = cursor.fraction_ns();
    time.is_exact = true;
  }
  cursor.one_of(" ");
  const std::int64_t offset = cursor.offset_seconds();
  if (!cursor.is_good() || !cursor.is_at_end()) return std::nullopt;
  const std::int64_t clock = (hour * 60 + minute) * 60 + second;
  time.unix_ns += (days * kSecondsPerDay + clock - offset) * kNsPerSecond;
  return time;
}

bool is_date(int year, int month, int day) {
  // Nanoseconds in 64 bits reach to the year 2262.
  return year >= 1970 && year < 2262 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

std::optional<FieldTime> parse_iso_time(std::string_view text) {
  Cursor cursor(text);
  const int year = cursor.number(4);
  cursor.expect("-");
  const int month = cursor.number(2);
  cursor.expect("-");
  const int day = cursor.number(2);
  cursor.expect("Tt ");
  if (!cursor.is_good() || !is_date(year, month, day)) return std::nullopt;
  return read_clock(cursor, days_since_1970(year, month, day));
}

// Seconds have 10 digits until the year 2286, and each finer unit three more.
std::int64_t ns_in_unit_of(std::uint64_t value) {
  if (value < 100'000'000'000) return kNsPerSecond;
  if (value < 100'000'000'000'000) return 1'000'000;
  return value < 100'000'000'000'000'000 ? 1000 : 1;
}

std::optional<FieldTime> parse_unix_time(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = parse_whole(text.substr(0, point));
  if (!whole) return std::nullopt;
  const std::int64_t unit = ns_in_unit_of(*whole);
  if (*whole > 9'000'000'000'000'000'000U / static_cast<std::uint64_t>(unit)) return std::nullopt;
  FieldTime time{static_cast<std::int64_t>(*whole) * unit, unit != kNsPerSecond};
  if (point == std::string_view::npos) return time;
  Cursor cursor(text.substr(point + 1));
  time.unix_ns += cursor.fraction_ns() / (kNsPerSecond / unit);
  time.is_exact = true;
  return cursor.is_good() && cursor.is_at_end() ? std::optional(time) : std::nullopt;
}

}  // namespace

std::int64_t days_since_1970(int year, int month, int day) {
  const int shifted_year = year - (month <= 2 ? 1 : 0);  // the leap day is a year's last
  const int era = shifted_year / 400;
  const int year_of_era = shifted_year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<std::int64_t>(era) * 146'097 + day_of_era - 719'468;
}

std::optional<FieldTime> parse_clf_time(std::string_view text) {
  Cursor cursor(text);
  const int day = cursor.number(2);
  cursor.expect("/");
  const int month = cursor.month();
  cursor.expect("/");
  const int year = cursor.number(4);
  cursor.expect(":");
  if (!cursor.is_good() || !is_date(year, month, day)) return std::nullopt;
  return read_clock(cursor, days_since_1970(year, month, day));
}

std::optional<FieldTime> parse_time(std::string_view text) {
  if (text.size() > 4 && text[4] == '-') return parse_iso_time(text);
  if (text.size() > 2 && text[2] == '/') return parse_clf_time(text);
  return parse_unix_time(text);
}

}  // namespace backstay::formats
