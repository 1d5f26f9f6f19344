#include "exporter/formats/combined.h"

#include <cstring>

#include "exporter/formats/field_number.h"
#include "exporter/formats/field_time.h"
#include "exporter/formats/line_quotes.h"
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
  bool has_point = false;  // in what is not quoted
};

// The next word, taken off the front; a quoted text is one, whatever blanks it has. False: no more.
bool take_word(std::string_view& tail, Word& word) {
  while (!tail.empty() && tail.front() == ' ') tail.remove_prefix(1);
  if (tail.empty()) return false;
  std::size_t end = 0;
  std::size_t value = 0;
  word.has_point = false;
  for (; end < tail.size() && tail[end] != ' ' && tail[end] != '"'; ++end) {
    if (tail[end] == '=' && value == 0) value = end + 1;
    if (tail[end] == '.') word.has_point = true;
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
  return is_bare && word.has_point ? parse_duration(word.value, 1) : std::nullopt;
}

// What follows the agent: "10.0.0.1" rt="0.012" uct=- 0.012
// What a client wrote stands in quotes, and is not looked into.
void parse_tail(std::string_view tail, AccessEvent& event) {
  bool is_named = false;
  Word word;
  while (take_word(tail, word)) {
    if (word.name.empty()) {
      if (event.duration_seconds) continue;
      // An optional that is assigned whole is read again before it is written, and waits for that.
      if (const auto seconds = parse_bare_seconds(word)) event.duration_seconds = *seconds;
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

// Takes the digits off the front; nothing where there are none, or more than a number has.
std::optional<std::uint64_t> take_digits(std::string_view& text) {
  constexpr std::size_t kDigitsMax = 18;
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    value = value * 10 + static_cast<std::uint64_t>(text[digits] - '0');
  }
  text.remove_prefix(digits);
  return digits == 0 || digits > kDigitsMax ? std::nullopt : std::optional(value);
}

// Behind the request: STATUS BYTES "REFERER" "AGENT" …
bool parse_numbers(std::string_view text, AccessEvent& event) {
  if (text.empty() || text.front() != ' ') return false;
  text.remove_prefix(1);
  const auto status = take_digits(text);
  if (!status || *status < 100 || *status > 599) return false;
  event.status = static_cast<int>(*status);
  if (text.empty()) return true;
  if (text.front() != ' ') return false;
  text.remove_prefix(1);
  const bool is_none = !text.empty() && text.front() == '-';  // Apache's %b writes no 0
  if (const auto bytes = is_none ? std::optional<std::uint64_t>(0) : take_digits(text)) {
    event.response_bytes = *bytes;
  }
  return true;
}

// Where a quoted text begins, behind its quote, and where it ends.
struct Quoted {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::string_view of(std::string_view line) const {
    return line.substr(begin, end - begin);
  }
};

enum Field { request, referer, agent, fields };

// How many of them there are. The request is the first that stands behind "] ", which is not before
// `time_end_min`.
std::size_t find_quoted(LineQuotes& quotes, std::string_view line, std::size_t time_end_min,
                        std::array<Quoted, fields>& found) {
  std::size_t count = 0;
  for (std::size_t quote = quotes.next(); quote != LineQuotes::kNone; quote = quotes.next()) {
    const bool is_behind_time =
        quote >= time_end_min + 2 && line[quote - 2] == ']' && line[quote - 1] == ' ';
    if (count == 0 && !is_behind_time) continue;
    found[count].begin = quote + 1;
    found[count].end = quotes.next_end(quote + 1);
    if (found[count].end == LineQuotes::kNone || ++count == fields) break;
  }
  return count;
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

std::optional<RejectReason> Combined::read_fields(LineQuotes& quotes, std::string_view line,
                                                  AccessEvent& event) {
  const std::size_t time_begin = line.find('[') + 1;
  if (time_begin == 0) return RejectReason::no_time;
  std::array<Quoted, fields> quoted;
  const std::size_t found = find_quoted(quotes, line, time_begin, quoted);
  if (found == 0) return RejectReason::no_request;
  if (!parse_request_line(quoted[request].of(line), event)) return RejectReason::bad_request_line;
  if (!parse_numbers(line.substr(quoted[request].end + 1), event)) return RejectReason::bad_status;
  const std::size_t time_end = quoted[request].begin - std::string_view("] \"").size();
  if (const auto time = time_ms(line.substr(time_begin, time_end - time_begin))) {
    event.time_ms = *time;
  }
  if (found == fields) parse_tail(line.substr(quoted[agent].end + 1), event);
  return std::nullopt;
}

std::optional<RejectReason> Combined::read(std::string_view line, AccessEvent& event) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return RejectReason::empty;
  if (line.size() > kLineBytesMax) return RejectReason::too_long;
  LineQuotes quotes(line);
  const auto reason = read_fields(quotes, line, event);
  return quotes.has_nul() ? RejectReason::control_characters : reason;
}

Parsed Combined::parse(std::string_view line) {
  // In its place from the start, and returned from one place: to copy an event costs as much as to
  // read some of its fields.
  Parsed parsed(std::in_place_type<AccessEvent>);
  if (const auto reason = read(line, std::get<AccessEvent>(parsed))) parsed = *reason;
  return parsed;
}

}  // namespace backstay::formats
