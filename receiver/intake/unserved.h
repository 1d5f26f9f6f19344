#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "receiver/intake/connection_stream.h"

namespace backstay::intake {

// Why the server refused a request by itself, but for time and the body's size, which have counters
// of their own. Those that the sender broke off are not among them.
enum class Unserved {
  head_too_large,  // kHeadBytesMax: 400, or closed
  line_too_long,   // kLineBytesMax: 414 for the first line, 400 for a header
  malformed,       // no HTTP, or a header that is none: 400
  method,          // one that nothing here knows: 400
  body_length,     // said more than once, in two ways or in none that counts: 400
  body_broken,     // not in the encoding that it says: 400
  form,            // a form with files: 415
};
constexpr std::size_t kUnserved = 7;
std::string_view to_string(Unserved reason);

constexpr std::size_t kHeadBytesMax = 64 * 1024;  // request line and headers
constexpr std::size_t kLineBytesMax = 8192;       // of each; cpp-httplib's, it has no setting

// Where the library has not taken the head. Nothing: the sender broke it off, or took too long.
std::optional<Unserved> why_without_head(const ConnectionStream& stream);

}  // namespace backstay::intake
