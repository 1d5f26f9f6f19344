#include "exporter/requests/routes.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace backstay::requests {
namespace {

// What a byte of a segment is; one look-up a byte, since every request comes through here.
enum Kind : std::uint8_t {
  digit = 1,
  letter_to_f = 2,
  letter_behind_f = 4,
  dash = 8,
  telling = 16,  // an e-mail address, or text that someone entered
  other = 32,
  foreign = 64,  // no label in ASCII: other bytes are escaped by every client of ours
  border = 128,  // ends a segment
};

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < kinds.size(); ++c) {
    kinds[c] = c < 0x20 || c >= 0x7f ? other | foreign : other;
    if (c >= '0' && c <= '9') kinds[c] = digit;
    const std::size_t lower = c | 0x20U;
    if (lower >= 'a' && lower <= 'z') kinds[c] = lower <= 'f' ? letter_to_f : letter_behind_f;
    if (c == '-' || c == '_') kinds[c] = dash;
    if (c == '@' || c == '%') kinds[c] = telling | other;
    if (c == '/' || c == '?' || c == '#') kinds[c] = border | other;
  }
  return kinds;
}
constexpr auto kKinds = make_kinds();

std::uint8_t kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

// The path, maybe with its query behind it; what a proxy was asked for is a whole URL.
std::string_view path_of(std::string_view target) {
  if (!target.empty() && target.front() == '/') return target;
  const std::string_view url = target.substr(0, target.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos || scheme >= 8) return url;
  const std::size_t slash = url.find('/', scheme + 3);
  return slash == std::string_view::npos ? "/" : url.substr(slash);
}

struct Segment {
  std::string_view text;
  std::uint8_t kinds = 0;  // every kind that is in it
};

// Takes the next segment off the path; empty ones ("//") are passed over, and behind the path there
// are none but empty ones.
Segment take_segment(std::string_view& rest) {
  // Copies, or each byte that is looked at might change them.
  const std::string_view path = rest;
  std::uint8_t kinds = 0;
  std::size_t begin = 0;
  while (begin < path.size() && path[begin] == '/') ++begin;
  std::size_t end = begin;  // they are too short for a call of find()
  for (; end < path.size(); ++end) {
    const std::uint8_t kind = kind_of(path[end]);
    if ((kind & border) != 0) break;
    kinds |= kind;
  }
  const bool goes_on = end < path.size() && path[end] == '/';  // else a query or a fragment
  rest = goes_on ? path.substr(end) : std::string_view();
  return {path.substr(begin, end - begin), kinds};
}

// Every kind that is in it.
std::uint8_t kinds_of(std::string_view segment) {
  std::uint8_t kinds = 0;
  for (const char c : segment) kinds |= kind_of(c);
  return kinds;
}

constexpr std::size_t kWordBytesMax = 40;  // no word is longer

// One without dots, of which it is known that it has a digit and nothing that tells.
bool is_identifier_by_digits(std::string_view segment, std::uint8_t kinds) {
  if ((kinds & ~(digit | dash)) == 0) return true;  // 42, 2026-11-23
  if ((kinds & other) != 0) return false;
  const bool is_hex = (kinds & letter_behind_f) == 0;
  if (is_hex && segment.size() >= 8) return true;  // hashes, UUIDs
  if (segment.size() < 16) return false;
  const auto is_digit = [](char c) { return (kind_of(c) & digit) != 0; };
  return std::count_if(segment.begin(), segment.end(), is_digit) >= 3;  // tokens, ULIDs
}

void append_ascii(std::string& route, std::string_view segment, std::uint8_t kinds) {
  const std::size_t at = route.size();
  route.append(segment);
  if ((kinds & foreign) == 0) return;
  for (std::size_t i = at; i < route.size(); ++i) {
    if ((kind_of(route[i]) & foreign) != 0) route[i] = '?';
  }
}

// app.8c3f2a9b41d07e65.js: a name with the hash of what is in the file.
void append_by_parts(std::string& route, std::string_view segment) {
  for (;;) {
    const std::string_view part = segment.substr(0, segment.find('.'));
    const std::uint8_t kinds = kinds_of(part);
    const bool is_hash =
        part.size() >= 8 && (kinds & digit) != 0 && is_identifier_by_digits(part, kinds);
    is_hash ? void(route += ":id") : append_ascii(route, part, kinds);
    if (part.size() == segment.size()) return;
    route += '.';
    segment.remove_prefix(part.size() + 1);
  }
}

void append_folded(std::string& route, std::string_view segment, std::uint8_t kinds) {
  const bool is_plain = (kinds & (digit | telling)) == 0 && segment.size() < kWordBytesMax;
  if (is_plain) {
    append_ascii(route, segment, kinds);
  } else if (is_identifier(segment)) {
    route += ":id";
  } else {
    append_by_parts(route, segment);
  }
}

}  // namespace

bool is_identifier(std::string_view segment) {
  const std::uint8_t kinds = kinds_of(segment);
  if ((kinds & telling) != 0) return true;
  if (segment.size() >= kWordBytesMax) return true;  // a token may have dots, and no digit
  return (kinds & digit) != 0 && is_identifier_by_digits(segment, kinds);
}

Routes::Routes(std::vector<std::string> templates) {
  for (std::string& text : templates) {
    Template route{std::move(text), {}};
    for (std::string_view path = route.text; !path.empty();) {
      const std::string_view segment = take_segment(path).text;
      if (!segment.empty()) route.segments.emplace_back(segment);
    }
    templates_.push_back(std::move(route));
  }
}

bool Routes::matches(const Template& route, std::string_view path) const {
  for (const std::string& wanted : route.segments) {
    const std::string_view segment = take_segment(path).text;
    if (segment.empty() || (wanted.front() != ':' && wanted != segment)) return false;
  }
  return take_segment(path).text.empty();
}

bool Routes::fold(std::string_view target, std::string& route) const {
  std::string_view path = path_of(target);
  route.clear();
  for (const Template& configured : templates_) {
    if (matches(configured, path)) {
      route = configured.text;
      return true;
    }
  }
  for (std::size_t count = 0;; ++count) {
    const auto [segment, kinds] = take_segment(path);
    if (segment.empty()) break;
    if (count == kSegmentsMax || route.size() + segment.size() + 1 > kBytesMax) {
      route += "/*";
      return false;
    }
    route += '/';
    append_folded(route, segment, kinds);
  }
  if (route.empty()) route = "/";
  return false;
}

}  // namespace backstay::requests
