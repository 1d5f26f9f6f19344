#include "receiver/intake/framing.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace backstay::intake {
namespace {

constexpr std::string_view kWhiteSpace = " \t";
constexpr std::string_view kNotInALine("\r\0", 2);

char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_word(std::string_view text, std::string_view in_lower_case) {
  return std::equal(text.begin(), text.end(), in_lower_case.begin(), in_lower_case.end(),
                    [](char a, char b) { return lower_case(a) == b; });
}

bool is_name(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const char lower = lower_case(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_length(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) + 1 - begin);
}

// What was said so far of where the body ends.
struct Announced {
  bool length = false;
  bool encoding = false;
};

// Empty: nothing is wrong with it.
std::string_view note_header(std::string_view name, std::string_view value, Announced& announced) {
  if (is_word(name, "content-length")) {
    if (announced.length) return "Content-Length stands there more than once";
    announced.length = true;
    if (!is_length(value)) return "Content-Length is no number";
  } else if (is_word(name, "transfer-encoding")) {
    if (announced.encoding) return "Transfer-Encoding stands there more than once";
    announced.encoding = true;
    if (!is_word(value, "chunked")) return "Transfer-Encoding is not chunked";
  }
  if (announced.length && announced.encoding) return "Content-Length beside Transfer-Encoding";
  return {};
}

// Likewise.
std::string_view wrong_line(std::string_view line) {
  if (line.find_first_of(kNotInALine) != std::string_view::npos) {
    return "a header has a character that ends lines or texts";
  }
  if (kWhiteSpace.find(line.front()) != std::string_view::npos) {
    return "a header goes on in a second line";
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) {
    return "a header's name is none, or white space stands before its colon";
  }
  return {};
}

}  // namespace

std::optional<UnclearFraming> unclear_framing(std::string_view head) {
  Announced announced;
  bool is_first = true;  // the request line, which the library reads as it has to be
  while (!head.empty()) {
    const std::size_t size = std::min(head.find('\n'), head.size() - 1);
    std::string_view line = head.substr(0, size);
    head.remove_prefix(size + 1);
    if (line.empty() || line.back() != '\r') {
      return UnclearFraming{Unserved::malformed, "a line does not end in CRLF"};
    }
    line.remove_suffix(1);
    if (line.empty()) break;
    if (std::exchange(is_first, false)) continue;
    if (const auto says = wrong_line(line); !says.empty()) {
      return UnclearFraming{Unserved::malformed, says};
    }
    const std::size_t colon = line.find(':');
    const auto says =
        note_header(line.substr(0, colon), trimmed(line.substr(colon + 1)), announced);
    if (!says.empty()) return UnclearFraming{Unserved::body_length, says};
  }
  return std::nullopt;
}

}  // namespace backstay::intake
