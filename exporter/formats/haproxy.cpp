#include "exporter/formats/haproxy.h"

#include <array>
#include <cmath>
#include <ctime>
#include <limits>
#include <optional>

#include "exporter/formats/field_number.h"
#include "exporter/formats/field_time.h"
#include "exporter/formats/request_line.h"

namespace backstay::formats {
namespace {

// TR/Tw/Tc/Tr/Ta, of which a TCP log has three, and ACTCONN/FECONN/BECONN/SRVCONN/RETRIES.
constexpr std::size_t kNumbers = 5;
constexpr std::size_t kQuarterBytes = std::string_view("23/Nov/2026:08:1").size();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The next word, taken off the front.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return word;
}

// Behind the bracket of the date. What syslog writes has brackets too: haproxy[14389]: and
// [name key="value"], but none with a day of the month.
std::size_t find_date(std::string_view line) {
  for (std::size_t at = line.find('['); at != std::string_view::npos; at = line.find('[', at + 1)) {
    if (at + 3 < line.size() && is_digit(line[at + 1]) && is_digit(line[at + 2]) &&
        line[at + 3] == '/') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

// "10/0/30/69/109", each a number that may be -1. False where there are not so many.
bool split_numbers(std::string_view word, std::array<std::string_view, kNumbers>& numbers) {
  for (std::size_t i = 0; i < kNumbers; ++i) {
    const std::size_t slash = word.find('/');
    numbers[i] = word.substr(0, slash);
    const bool is_last = slash == std::string_view::npos;
    if (numbers[i].empty() || is_last != (i == kNumbers - 1)) return false;
    if (!is_last) word.remove_prefix(slash + 1);
  }
  return true;
}

// What logasap wrote before the end has a + before it.
bool is_early(std::string_view number) { return !number.empty() && number.front() == '+'; }

std::string_view without_plus(std::string_view number) {
  return is_early(number) ? number.substr(1) : number;
}

// From the two cookies on, which a client chooses: with a blank in them nothing is found.
std::optional<std::uint32_t> find_in_flight(std::string_view& rest, bool is_written_early) {
  for (int word = 0; word < 3; ++word) take_word(rest);
  std::array<std::string_view, kNumbers> connections;
  if (!split_numbers(take_word(rest), connections)) return std::nullopt;
  const auto backend = parse_whole(connections[2]);
  if (!backend || *backend >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const auto in_flight = static_cast<std::uint32_t>(*backend + (is_written_early ? 0 : 1));
  return in_flight > 0 ? std::optional(in_flight) : std::nullopt;
}

// The only field with quotes: HAProxy writes those of a client as #22. Its end is missing where the
// line was longer than syslog takes.
std::optional<std::string_view> find_request(std::string_view rest) {
  const std::size_t begin = rest.find('"');
  if (begin == std::string_view::npos) return std::nullopt;
  return rest.substr(begin + 1, rest.find('"', begin + 1) - begin - 1);
}

}  // namespace

std::int64_t Haproxy::local_offset_ms(std::string_view date) {
  const std::string_view quarter = date.substr(0, kQuarterBytes);
  if (quarter == quarter_) return offset_ms_;
  quarter_ = quarter;
  offset_ms_ = 0;
  const auto utc = parse_clf_time(date);
  if (!utc) return 0;
  // As if it were UTC, then what that says on the clocks of this zone.
  std::time_t seconds = utc->unix_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  parts.tm_isdst = -1;
  const std::time_t local = std::mktime(&parts);
  if (local != -1) offset_ms_ = (local - seconds) * 1000;
  return offset_ms_;
}

Parsed Haproxy::parse(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  if (line.empty()) return RejectReason::empty;
  if (line.size() > kLineBytesMax) return RejectReason::too_long;
  if (line.find('\0') != std::string_view::npos) return RejectReason::control_characters;
  const std::size_t date_begin = find_date(line);
  if (date_begin == std::string_view::npos) return RejectReason::no_time;
  const std::size_t date_end = line.find("] ", date_begin);
  if (date_end == std::string_view::npos) return RejectReason::no_request;
  std::string_view rest = line.substr(date_end + 2);
  take_word(rest);  // frontend
  take_word(rest);  // backend/server
  std::array<std::string_view, kNumbers> timers;
  if (!split_numbers(take_word(rest), timers)) return RejectReason::no_request;
  AccessEvent event;
  const auto status = parse_whole(take_word(rest));
  if (!status || *status < 100 || *status > 599) return RejectReason::bad_status;
  event.status = static_cast<int>(*status);
  event.response_bytes = parse_whole(without_plus(take_word(rest)));
  event.in_flight = find_in_flight(rest, is_early(timers.back()));
  const auto request = find_request(rest);
  if (!request) return RejectReason::no_request;
  if (!parse_request_line(*request, event)) return RejectReason::bad_request_line;
  event.duration_seconds = parse_duration(without_plus(timers.back()), 1e3);
  const std::string_view date = line.substr(date_begin, date_end - date_begin);
  if (const auto began = parse_clf_time(date)) {
    const double active_ms = event.duration_seconds.value_or(0) * 1e3;
    event.time_ms = began->unix_ms() + local_offset_ms(date) + std::llround(active_ms);
  }
  return event;
}

}  // namespace backstay::formats
