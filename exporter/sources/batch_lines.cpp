#include "exporter/sources/batch_lines.h"

#include <cstring>

namespace backstay::sources {
namespace {

// A line may be that long, and end in "\r".
constexpr std::size_t kKeptBytesMax = formats::kLineBytesMax + 1;

enum class Kind : unsigned char { other, quote, opens, closes, comma };

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  kinds['"'] = Kind::quote;
  kinds['{'] = kinds['['] = Kind::opens;
  kinds['}'] = kinds[']'] = Kind::closes;
  kinds[','] = Kind::comma;
  return kinds;
}
constexpr std::array<Kind, 256> kKinds = make_kinds();

Kind kind_of(char byte) { return kKinds[static_cast<unsigned char>(byte)]; }

bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

}  // namespace

BatchLines::BatchLines(LineTaker& taker)
    : taker_(taker), kept_(kKeptBytesMax + formats::kReadableBeyond, '\0') {}

void BatchLines::start() {
  place_ = Place::at_start;
  kept_bytes_ = 0;
  is_skipping_ = false;
  depth_ = 0;
  is_in_string_ = is_escaped_ = has_ended_ = false;
}

bool BatchLines::feed(std::string_view piece) {
  if (place_ == Place::at_start) {
    while (!piece.empty() && is_space(piece.front())) piece.remove_prefix(1);
    if (piece.empty()) return true;
    const bool is_array = piece.front() == '[';
    place_ = is_array ? Place::before_element : Place::in_lines;
    if (is_array) piece.remove_prefix(1);
  }
  if (place_ != Place::in_lines) return feed_array(piece);
  feed_lines(piece);
  return true;
}

bool BatchLines::finish() {
  if (place_ == Place::in_lines) end_line({});
  return place_ == Place::at_start || place_ == Place::in_lines || place_ == Place::behind_array;
}

void BatchLines::feed_lines(std::string_view piece) {
  while (!piece.empty()) {
    const void* newline = std::memchr(piece.data(), '\n', piece.size());
    if (newline == nullptr) return keep(piece);
    const auto size = static_cast<std::size_t>(static_cast<const char*>(newline) - piece.data());
    end_line(piece.substr(0, size));
    piece.remove_prefix(size + 1);
  }
}

bool BatchLines::feed_array(std::string_view piece) {
  for (std::size_t at = 0; at < piece.size();) {
    if (place_ == Place::in_element) {
      at = read_element(piece, at);
    } else if (place_ == Place::before_element && !is_space(piece[at]) && piece[at] != ']') {
      if (piece[at] == ',') return false;
      place_ = Place::in_element;  // and it begins here
    } else if (!step_between(piece[at++])) {
      return false;
    }
  }
  return true;
}

// White space, commas, and the end of the array.
bool BatchLines::step_between(char byte) {
  if (is_space(byte)) return true;
  if (place_ == Place::behind_array) return false;
  if (byte == ']') {
    place_ = Place::behind_array;
    return true;
  }
  place_ = Place::before_element;
  return byte == ',';
}

std::size_t BatchLines::read_element(std::string_view piece, std::size_t from) {
  const std::size_t end = end_of_element(piece, from);
  const std::string_view part = piece.substr(from, end - from);
  if (has_ended_) {
    has_ended_ = false;
    place_ = Place::behind_element;
    end_line(part);
  } else {
    keep(part);
  }
  return end;
}

// One past the element's last byte; has_ended_ says whether that is in this piece.
std::size_t BatchLines::end_of_element(std::string_view piece, std::size_t from) {
  for (std::size_t at = from; at < piece.size();) {
    if (is_in_string_) {
      at = end_of_string(piece, at);
      continue;
    }
    const Kind kind = kind_of(piece[at]);
    const bool ends_before = depth_ == 0 && (kind == Kind::closes || kind == Kind::comma);
    has_ended_ = ends_before || (kind == Kind::closes && depth_ == 1);
    if (ends_before) return at;
    ++at;
    if (kind == Kind::quote) is_in_string_ = true;
    if (kind == Kind::opens) ++depth_;
    if (kind == Kind::closes) --depth_;
    if (has_ended_) return at;
  }
  return piece.size();
}

std::size_t BatchLines::end_of_string(std::string_view piece, std::size_t from) {
  std::size_t at = from;
  for (; at < piece.size(); ++at) {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (piece[at] == '\\') {
      is_escaped_ = true;
    } else if (piece[at] == '"') {
      is_in_string_ = false;
      return at + 1;
    }
  }
  return at;
}

void BatchLines::keep(std::string_view bytes) {
  if (is_skipping_ || bytes.empty()) return;
  is_skipping_ = bytes.size() > kKeptBytesMax - kept_bytes_;
  if (is_skipping_) return;
  std::memcpy(kept_.data() + kept_bytes_, bytes.data(), bytes.size());
  kept_bytes_ += bytes.size();
}

void BatchLines::end_line(std::string_view last_part) {
  if (kept_bytes_ == 0 && !is_skipping_) return hand_over(last_part);
  keep(last_part);
  if (is_skipping_) {
    taker_.take_too_long();
  } else {
    hand_over({kept_.data(), kept_bytes_});
  }
  is_skipping_ = false;
  kept_bytes_ = 0;
}

// What is too long with white space behind it is so in one piece as in two.
void BatchLines::hand_over(std::string_view line) {
  if (line.size() > kKeptBytesMax) return taker_.take_too_long();
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  if (line.empty()) return;
  if (line.size() > formats::kLineBytesMax) {
    taker_.take_too_long();
  } else {
    taker_.take(line);
  }
}

}  // namespace backstay::sources
