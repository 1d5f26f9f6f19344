#include "base/utf8.h"

#include <array>
#include <cstdio>

namespace backstay {
namespace {

bool is_between(char c, unsigned char low, unsigned char high) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= low && byte <= high;
}

// The length of the well-formed sequence at the front, by table 3-7 of the Unicode standard; 0
// where there is none. Not empty.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  // The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (!is_between(text[1], low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_between(text[i], 0x80, 0xbf)) return 0;
  }
  return length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      valid += "\uFFFD";
      text.remove_prefix(1);
      continue;
    }
    valid += text.substr(0, length);
    text.remove_prefix(length);
  }
  return valid;
}

std::size_t control_length(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7f) return 1;
  return byte == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0 ? 2 : 0;
}

std::string printable(std::string_view text) {
  const std::string valid = valid_utf8(text);
  std::string shown;
  shown.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const std::size_t length = control_length(valid, i);
    if (length == 0) {
      shown += valid[i];
      continue;
    }
    i += length - 1;
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned char>(valid[i]));
    shown += escaped.data();
  }
  return shown;
}

}  // namespace backstay
