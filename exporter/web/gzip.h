#pragma once

#include <string>
#include <string_view>

namespace backstay::web {

// RFC 1952, at libdeflate's level 1: of a page of metrics it leaves little more than the higher
// levels do, in half the time, and less than zlib's. Its memory, 200 KB beside the answer, is held
// for the call only: to keep it would save nothing. The only includer of libdeflate.h.
std::string gzip(std::string_view text);

}  // namespace backstay::web
