#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/formats/access_event.h"
#include "exporter/formats/parser.h"

namespace backstay::sources {

// Gets what BatchLines finds.
class LineTaker {
 public:
  virtual ~LineTaker() = default;
  // Without its newline. Valid during the call, formats::kReadableBeyond bytes beyond it as well.
  virtual void take(std::string_view line) = 0;
  // One that was over formats::kLineBytesMax, and was skipped.
  virtual void take_too_long() = 0;
};

// Splits the body of a batch, in pieces of any size, into lines: what stands between newlines, or,
// where the first byte that is no white space is a '[', the elements of that one JSON array, which
// may be spread over many lines. Elements are found by their brackets and quotes and are not read;
// that they are JSON the parser sees. Empty lines are nothing. A line that lies whole in its piece
// is not copied. For one thread; used again by start().
class BatchLines {
 public:
  explicit BatchLines(LineTaker& taker);

  void start();
  // Bytes must be readable behind the piece as behind a line. False: this is no array of elements,
  // and nothing more is to be fed.
  [[nodiscard]] bool feed(std::string_view piece);
  // At the end of the body: hands over a last line that has no newline. False where an array did
  // not end.
  [[nodiscard]] bool finish();

 private:
  enum class Place { at_start, in_lines, before_element, in_element, behind_element, behind_array };

  void feed_lines(std::string_view piece);
  bool feed_array(std::string_view piece);
  std::size_t read_element(std::string_view piece, std::size_t from);
  std::size_t end_of_element(std::string_view piece, std::size_t from);
  std::size_t end_of_string(std::string_view piece, std::size_t from);
  bool step_between(char byte);

  void keep(std::string_view bytes);
  void end_line(std::string_view last_part);
  void hand_over(std::string_view line);

  LineTaker& taker_;
  Place place_ = Place::at_start;

  // The beginning of a line whose end is in a later piece.
  std::string kept_;
  std::size_t kept_bytes_ = 0;
  bool is_skipping_ = false;  // it is too long already

  // Of the element that is being read.
  std::size_t depth_ = 0;
  bool is_in_string_ = false;
  bool is_escaped_ = false;
  bool has_ended_ = false;
};

}  // namespace backstay::sources
