#pragma once

#include <string>
#include <string_view>

namespace backstay {

bool is_valid_utf8(std::string_view text);

// Text from a program, a server or a payload, fit for JSON and for a log: each byte that is no part
// of well-formed UTF-8 becomes U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace backstay
