#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include <httplib.h>

namespace backstay::intake {

// Whether a request's head announces a body at all, and how long it says that it is. Of a head that
// unclear_framing() has nothing against: one length that is a number, or chunks, or neither.
struct AnnouncedBody {
  bool is_chunked = false;
  std::uint64_t length = 0;  // bytes; of one without chunks

  explicit AnnouncedBody(const httplib::Request& in)
      : is_chunked(in.has_header("Transfer-Encoding")) {
    const std::string text = in.get_header_value("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
  }
  [[nodiscard]] bool anything() const { return is_chunked || length > 0; }
};

}  // namespace backstay::intake
