#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include <httplib.h>

namespace backstay::intake {

// Whether a request's head announces a body at all, and how long it says that it is.
struct AnnouncedBody {
  bool has_length = false;
  bool is_chunked = false;
  std::optional<std::uint64_t> length;  // none where what stands there is no number

  explicit AnnouncedBody(const httplib::Request& in)
      : has_length(in.has_header("Content-Length")),
        is_chunked(in.has_header("Transfer-Encoding")) {
    const std::string text = in.get_header_value("Content-Length");
    const char* end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec == std::errc() && parsed.ptr == end) length = value;
  }
  [[nodiscard]] bool anything() const { return is_chunked || (has_length && length != 0U); }
};

}  // namespace backstay::intake
