#include "exporter/formats/combined.h"

#include <charconv>
#include <cstring>

#include "exporter/formats/field_number.h"
#include "exporter/formats/field_time.h"
#include "exporter/formats/request_line.h"

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

// A word behind the agent: rt=0.012, rt="0.012", 0.012, "10.0.0.1".
struct Word {
  std::string_view name;  // rt=
  std::string_view value;
  bool is_quoted = false;
};

// The next word, taken off the front; a quoted text is one, whatever blanks it has. False: no more.
bool take_word(std::string_view& tail, Word& word) {
  while (!tail.empty() && tail.front() == ' ') tail.remove_prefix(1);
  if (tail.empty()) return false;
  std::size_t end = 0;
  std::size_t value = 0;
  for (; end < tail.size() && tail[end] != ' ' && tail[end] != '"'; ++end) {
    if (tail[end] == '=' && value == 0) value = end + 1;
  }
  word.name = tail.substr(0, value);
  word.is_quoted = end < tail.size() && tail[end] == '"';
  if (word.is_quoted) {
    const std::size_t begin = end + 1;
    end = end_of_quoted(tail, begin);
    if (end == std::string_view::npos) return false;
    word.value = tail.substr(begin, end - begin);
    ++end;
  } else {
    word.value = tail.substr(value, end - value);
  }
  tail = rest_of(tail, end);
  return true;
}

std::string_view text_of(const Word& word) { return word.value == "-" ? "" : word.value; }

// A bare whole number may be anything: a length, a port, Apache's %D in microseconds. A wrong time
// is worse than none, so only what has a fraction is one.
std::optional<double> parse_bare_seconds(const Word& word) {
  const bool is_bare = !word.is_quoted && word.name.empty();
  const bool has_fraction = is_bare && word.value.find('.') != std::string_view::npos;
  return has_fraction ? parse_duration(word.value, 1) : std::nullopt;
}

// What follows the agent: "10.0.0.1" rt="0.012" uct=- 0.012
// What a client wrote stands in quotes, and is not looked into.
void parse_tail(std::string_view tail, AccessEvent& event) {
  bool is_named = false;
  Word word;
  while (take_word(tail, word)) {
    if (word.name.empty()) {
      if (!event.duration_seconds) event.duration_seconds = parse_bare_seconds(word);
    } else if (word.name == "rt=") {
      if (!is_named) event.duration_seconds = parse_duration(word.value, 1);
      is_named = true;
    } else if (word.name == "rid=" || word.name == "request_id=") {
      event.request_id = text_of(word);
    } else if (word.name == "rl=") {
      event.request_bytes = parse_whole(word.value);
    }
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
  const char* number = status.ptr + 1;
  std::uint64_t bytes = 0;
  const bool is_none = number < end && *number == '-';  // Apache's %b writes no 0
  if (is_none || std::from_chars(number, end, bytes).ec == std::errc())
    event.response_bytes = bytes;
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

std::optional<std::int64_t> Combined::time_ms(std::string_view time) {
  const bool is_usual = time.size() == kTimeBytes;
  if (is_usual && std::memcmp(time.data(), second_.data(), kTimeBytes) == 0) return second_ms_;
  const auto parsed = parse_time(time);
  if (!parsed) return std::nullopt;
  if (is_usual) {
    std::memcpy(second_.data(), time.data(), kTimeBytes);
    second_ms_ = parsed->unix_ms();
  }
  return parsed->unix_ms();
}

std::optional<RejectReason> Combined::read(std::string_view line, AccessEvent& event) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return RejectReason::empty;
  if (line.size() > kLineBytesMax) return RejectReason::too_long;
  if (std::memchr(line.data(), '\0', line.size()) != nullptr)
    return RejectReason::control_characters;
  const std::size_t time_begin = line.find('[');
  if (time_begin == std::string_view::npos) return RejectReason::no_time;
  const std::size_t time_end = line.find("] \"", time_begin);
  if (time_end == std::string_view::npos) return RejectReason::no_request;
  const std::size_t begin = time_end + 3;
  const std::size_t end = end_of_quoted(line, begin);
  if (end == std::string_view::npos) return RejectReason::no_request;
  if (!parse_request_line(line.substr(begin, end - begin), event)) {
    return RejectReason::bad_request_line;
  }
  const std::string_view numbers = rest_of(line, end + 1);
  if (!parse_numbers(numbers, event)) return RejectReason::bad_status;
  event.time_ms = time_ms(line.substr(time_begin + 1, time_end - time_begin - 1));
  parse_tail(behind_quoted_fields(numbers), event);
  return std::nullopt;
}

Parsed Combined::parse(std::string_view line) {
  // In its place from the start: to copy an event costs as much as to read some of its fields.
  Parsed parsed(std::in_place_type<AccessEvent>);
  if (const auto reason = read(line, std::get<AccessEvent>(parsed))) parsed = *reason;
  return parsed;
}

}  // namespace backstay::formats
