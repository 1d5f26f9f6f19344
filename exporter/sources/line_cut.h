#pragma once

#include <cstddef>
#include <string_view>

namespace backstay::sources {

// What the beginning of a block is.
struct LineCut {
  std::string_view lines;     // whole lines with their newlines, none over formats::kLineBytesMax
  std::size_t taken = 0;      // bytes that are done with; 0: the rest is half a line, and waits
  bool is_too_long = false;   // a line over the limit began here
  bool in_long_line = false;  // and its newline is not here
};

// To be called until the block is empty or nothing was taken. Looks at a few bytes per 64 KB.
LineCut cut_lines(std::string_view block, bool in_long_line);

}  // namespace backstay::sources
