#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "exporter/formats/parser.h"

namespace backstay::formats {

// The quotes of a line, one after the other, each byte of the line looked at once, 64 at a time;
// and on the way whether one is NUL. A search for each quote by itself takes twice as long, for the
// processor foresees no field's length.
class LineQuotes {
 public:
  static constexpr std::size_t kNone = std::string_view::npos;

  // Behind the line kReadableBeyond bytes must be readable.
  explicit LineQuotes(std::string_view line) : line_(line) {}

  // Where the next one stands, or kNone.
  std::size_t next() {
    while (quotes_ == 0) {
      if (read_to_ >= line_.size()) return kNone;
      read_block();
    }
    const auto bit = static_cast<std::size_t>(std::countr_zero(quotes_));
    quotes_ &= quotes_ - 1;
    return read_to_ - kBlockBytes + bit;
  }
  // The next that no backslash escapes; those before `begin`, where a quoted text begins, do not
  // count.
  std::size_t next_end(std::size_t begin) {
    for (;;) {
      const std::size_t quote = next();
      if (quote == kNone) return kNone;
      std::size_t backslashes = 0;
      while (quote > begin + backslashes && line_[quote - 1 - backslashes] == '\\') ++backslashes;
      if (backslashes % 2 == 0) return quote;
    }
  }
  // Whether a NUL is anywhere in the line: reads what is left of it. There are no quotes then.
  bool has_nul() {
    while (read_to_ < line_.size()) read_block();
    return has_nul_;
  }

 private:
  static constexpr std::size_t kBlockBytes = 64;
  static_assert(kBlockBytes <= kReadableBeyond);

  struct Marks {
    std::uint64_t quotes = 0;  // a bit for each byte that is one, the first byte's the lowest
    bool has_nul = false;
  };
#ifdef __SSE2__
  static Marks marks_of(const char* block) {
    Marks marks;
    __m128i lowest = _mm_set1_epi8('"');
    for (std::size_t at = 0; at < kBlockBytes; at += sizeof(__m128i)) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + at));
      marks.quotes |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))) << at;
      lowest = _mm_min_epu8(lowest, bytes);
    }
    marks.has_nul = bits(_mm_cmpeq_epi8(lowest, _mm_setzero_si128())) != 0;
    return marks;
  }
  static std::uint64_t bits(__m128i bytes) {
    return static_cast<std::uint16_t>(_mm_movemask_epi8(bytes));
  }
#else
  static Marks marks_of(const char* block) {
    Marks marks;
    for (std::size_t at = 0; at < kBlockBytes; ++at) {
      marks.quotes |= std::uint64_t{block[at] == '"'} << at;
      marks.has_nul |= block[at] == '\0';
    }
    return marks;
  }
#endif

  void read_block() {
    const Marks marks = marks_of(line_.data() + read_to_);
    const std::string_view block = line_.substr(read_to_, kBlockBytes);
    const bool is_whole = block.size() == kBlockBytes;
    quotes_ = is_whole ? marks.quotes : marks.quotes & ((std::uint64_t{1} << block.size()) - 1);
    // What stands behind the line was looked at too.
    if (marks.has_nul) has_nul_ |= block.find('\0') != std::string_view::npos;
    read_to_ += kBlockBytes;
  }

  const std::string_view line_;
  std::size_t read_to_ = 0;   // the end of the block that was read last
  std::uint64_t quotes_ = 0;  // in that block, those that are left
  bool has_nul_ = false;
};

}  // namespace backstay::formats
