#include "exporter/requests/routes.h"

#include <algorithm>

namespace backstay::requests {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The path without query and fragment; what a proxy was asked for is a whole URL.
std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  const std::size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && scheme < 8) {
    const std::size_t slash = target.find('/', scheme + 3);
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

// Takes the next segment off the path; empty ones ("//") are passed over.
std::string_view take_segment(std::string_view& path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

bool is_identifier(std::string_view segment) {
  std::size_t digits = 0;
  std::size_t hex = 0;
  std::size_t letters = 0;
  std::size_t dashes = 0;
  for (char c : segment) {
    if (c == '@' || c == '%') return true;  // an e-mail address, or text that someone entered
    digits += is_digit(c) ? 1 : 0;
    hex += is_hex(c) ? 1 : 0;
    letters += is_letter(c) ? 1 : 0;
    dashes += c == '-' || c == '_' ? 1 : 0;
  }
  if (segment.size() >= 40) return true;  // no word is that long; a token may have dots, no digit
  if (digits == 0) return false;
  if (digits + dashes == segment.size()) return true;                      // 42, 2026-11-23
  if (hex + dashes == segment.size() && segment.size() >= 8) return true;  // hashes, UUIDs
  const bool is_word_like = digits + letters + dashes == segment.size();
  return is_word_like && segment.size() >= 16 && digits >= 3;  // tokens, ULIDs
}

Routes::Routes(std::vector<std::string> templates) {
  for (std::string& text : templates) {
    Template route{std::move(text), {}};
    for (std::string_view path = route.text; !path.empty();) {
      const std::string_view segment = take_segment(path);
      if (!segment.empty()) route.segments.emplace_back(segment);
    }
    templates_.push_back(std::move(route));
  }
}

bool Routes::matches(const Template& route, std::string_view path) const {
  for (const std::string& wanted : route.segments) {
    const std::string_view segment = take_segment(path);
    if (segment.empty() || (wanted.front() != ':' && wanted != segment)) return false;
  }
  return take_segment(path).empty();
}

void Routes::fold(std::string_view target, std::string& route) const {
  std::string_view path = path_of(target);
  route.clear();
  for (const Template& configured : templates_) {
    if (matches(configured, path)) {
      route = configured.text;
      return;
    }
  }
  for (std::size_t count = 0;; ++count) {
    const std::string_view segment = take_segment(path);
    if (segment.empty()) break;
    if (count == kSegmentsMax || route.size() + segment.size() + 1 > kBytesMax) {
      route += "/*";
      return;
    }
    route += '/';
    if (is_identifier(segment)) {
      route += ":id";
    } else {
      // A label is UTF-8, and a route is ASCII: other bytes are escaped by every client that may be
      // taken seriously.
      for (char c : segment) route += c >= 0x20 && c < 0x7f ? c : '?';
    }
  }
  if (route.empty()) route = "/";
}

}  // namespace backstay::requests
