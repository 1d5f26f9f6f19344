#pragma once

#include <string_view>

namespace backstay::requests {

// What a word of a message stands for where it varies ("<uuid>", "<number>"), else "". A word has
// no spaces, nor quotes or brackets around it.
std::string_view variable_kind(std::string_view word);

}  // namespace backstay::requests
