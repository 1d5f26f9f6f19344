#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backstay {

// Numbers and texts one after the other, in a string: what is kept on disk is written so, and read
// in the same order. Whole numbers take 8 bytes, least significant first; a text has its length
// before it.
class RecordWriter {
 public:
  void number(std::uint64_t value);
  void real(double value);
  void text(std::string_view value);
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what a RecordWriter wrote. Where the record ends too early everything from there on is 0 or
// empty, and is_good() is false: to be asked once, at the end, and before a count is believed.
class RecordReader {
 public:
  // The record must outlive it, and the texts that it hands out.
  explicit RecordReader(std::string_view record) : rest_(record) {}
  std::uint64_t number();
  double real();
  std::string_view text();
  // How many things follow, each of at least so many bytes: never more than there is room for, so
  // that a damaged record costs no memory.
  std::size_t count(std::size_t bytes_each);
  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace backstay
