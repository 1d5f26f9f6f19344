#pragma once

#include <cstddef>
#include <string_view>

namespace backstay {

// How many bytes from here on are a secret by what they look like, whatever stands before: a
// private key, a JSON Web Token, a key of a known provider (sk_live_, ghp_, AKIA, xoxb-), a number
// that may be that of a payment card, a long token of mixed letters and digits. 0 where they are
// none. at: an index into the text.
std::size_t secret_length(std::string_view text, std::size_t at);

}  // namespace backstay
