#include "exporter/formats/combined.h"

#include <charconv>
#include <cstring>
#include <optional>

namespace backstay::formats {
namespace {

std::string_view rest_of(std::string_view text, std::size_t from) {
  return from >= text.size() ? std::string_view() : text.substr(from);
}

// Where the quoted field that begins at `begin` (behind its quote) ends; npos: nowhere.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  for (std::size_t at = begin;;) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return quote;
    std::size_t backslashes = 0;
    while (quote > begin + backslashes && text[quote - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote;
    at = quote + 1;
  }
}

std::optional<double> parse_seconds(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  const bool is_time = parsed.ec == std::errc() && parsed.ptr == end && value >= 0 && value < 1e6;
  return is_time ? std::optional(value) : std::nullopt;
}

bool is_token(std::string_view text) {
  for (char c : text) {
    if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_') return false;
  }
  return !text.empty() && text.size() <= 32;
}

// "GET /path HTTP/1.1"; HTTP/0.9 has no version.
bool parse_request(std::string_view request, AccessEvent& event) {
  const std::size_t space = request.find(' ');
  if (space == std::string_view::npos) return false;
  event.method = request.substr(0, space);
  std::string_view target = request.substr(space + 1);
  const std::size_t last = target.rfind(' ');
  if (last != std::string_view::npos && target.substr(last + 1, 5) == "HTTP/") {
    target = target.substr(0, last);
  }
  event.target = target;
  return is_token(event.method) && !target.empty();
}

// A bare whole number may be anything: a length, a port, Apache's %D in microseconds. A wrong time
// is worse than none, so only what has a fraction is one.
std::optional<double> parse_bare_seconds(std::string_view word) {
  return word.find('.') == std::string_view::npos ? std::nullopt : parse_seconds(word);
}

// What follows the agent, word by word, a quoted text being one: "10.0.0.1" rt="0.012" uct=- 0.012
// What a client wrote stands in quotes, and is not looked into.
std::optional<double> find_duration(std::string_view tail) {
  std::optional<double> bare;
  for (;;) {
    while (!tail.empty() && tail.front() == ' ') tail.remove_prefix(1);
    if (tail.empty()) return bare;
    std::size_t end = tail.find_first_of(" \"");
    const std::string_view word = tail.substr(0, end);
    std::string_view quoted;
    if (end != std::string_view::npos && tail[end] == '"') {
      const std::size_t begin = end + 1;
      end = end_of_quoted(tail, begin);
      if (end == std::string_view::npos) return bare;
      quoted = tail.substr(begin, end - begin);
      ++end;
    }
    // "urt=" and its kin are the upstream's times, not the request's.
    if (word.substr(0, 3) == "rt=") return parse_seconds(word == "rt=" ? quoted : word.substr(3));
    if (!bare) bare = parse_bare_seconds(word);
    tail = rest_of(tail, end);
  }
}

// Behind the request: STATUS BYTES "REFERER" "AGENT" …
bool parse_numbers(std::string_view text, AccessEvent& event) {
  if (text.size() < 4 || text.front() != ' ') return false;
  const char* end = text.data() + text.size();
  const auto status = std::from_chars(text.data() + 1, end, event.status);
  if (status.ec != std::errc() || event.status < 100 || event.status > 599) return false;
  if (status.ptr == end) return true;
  if (*status.ptr != ' ') return false;
  if (status.ptr + 1 < end && *(status.ptr + 1) != '-') {
    const auto bytes = std::from_chars(status.ptr + 1, end, event.response_bytes);
    if (bytes.ec != std::errc()) event.response_bytes = 0;
  }
  return true;
}

std::string_view behind_quoted_fields(std::string_view text) {
  for (int field = 0; field < 2; ++field) {
    const std::size_t begin = text.find('"');
    if (begin == std::string_view::npos) return {};
    const std::size_t end = end_of_quoted(text, begin + 1);
    if (end == std::string_view::npos) return {};
    text = rest_of(text, end + 1);
  }
  return text;
}

}  // namespace

std::string_view to_string(RejectReason reason) {
  switch (reason) {
    case RejectReason::empty:
      return "empty";
    case RejectReason::too_long:
      return "too_long";
    case RejectReason::control_characters:
      return "control_characters";
    case RejectReason::no_time:
      return "no_time";
    case RejectReason::no_request:
      return "no_request";
    case RejectReason::bad_request_line:
      return "bad_request_line";
    case RejectReason::bad_status:
      break;
  }
  return "bad_status";
}

std::variant<AccessEvent, RejectReason> parse_combined(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return RejectReason::empty;
  if (line.size() > kLineBytesMax) return RejectReason::too_long;
  if (std::memchr(line.data(), '\0', line.size()) != nullptr)
    return RejectReason::control_characters;
  const std::size_t time_begin = line.find('[');
  const std::size_t time_end = line.find("] \"", time_begin);
  if (time_begin == std::string_view::npos) return RejectReason::no_time;
  if (time_end == std::string_view::npos) return RejectReason::no_request;
  const std::size_t begin = time_end + 3;
  const std::size_t end = end_of_quoted(line, begin);
  if (end == std::string_view::npos) return RejectReason::no_request;
  AccessEvent event;
  if (!parse_request(line.substr(begin, end - begin), event)) return RejectReason::bad_request_line;
  const std::string_view numbers = rest_of(line, end + 1);
  if (!parse_numbers(numbers, event)) return RejectReason::bad_status;
  event.duration_seconds = find_duration(behind_quoted_fields(numbers));
  return event;
}

}  // namespace backstay::formats
