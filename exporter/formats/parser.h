#pragma once

#include <string_view>

#include "exporter/formats/access_event.h"

namespace backstay::formats {

// Behind a line this many bytes must be readable, whatever stands there: JSON is read in large
// pieces, and a line is not copied for that.
inline constexpr std::size_t kReadableBeyond = 64;

// Reads the lines of one format. A line comes to the same whatever came before; that this is an
// object is for the buffers that it uses again. For one thread.
class Parser {
 public:
  virtual ~Parser() = default;
  // Without its newline; any bytes may come.
  [[nodiscard]] virtual Parsed parse(std::string_view line) = 0;
};

}  // namespace backstay::formats
