#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backstay {

bool is_valid_utf8(std::string_view text);

// Text from a program, a server or a payload, fit for JSON and for a log: each byte that is no part
// of well-formed UTF-8 becomes U+FFFD.
std::string valid_utf8(std::string_view text);

// The bytes of the control character at a place in valid UTF-8; 0 where there is none. Those from
// U+0080 to U+009F count: terminals obey some of them.
std::size_t control_length(std::string_view text, std::size_t at);

// Text from outside, fit for a terminal: valid UTF-8 in one line, each control character written
// out as JSON does ("\u001b").
std::string printable(std::string_view text);

}  // namespace backstay
