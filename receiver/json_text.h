#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace backstay {

// How many lists and objects may stand in one another. nlohmann's library has no such limit, and
// copies, compares and writes with a call for each: 1 MiB of "[" would end the program.
inline constexpr int kJsonDepthMax = 64;

// The one way to read JSON that others wrote: a payload, an answer, a file. What is no JSON, or
// deeper than kJsonDepthMax, is discarded as a whole: is_discarded(), and neither is_object() nor
// anything else. From any thread.
nlohmann::json parse_json(std::string_view text);

// The same for people, who can write it again: the error has line and column.
Result<nlohmann::json> parse_json_or_why(std::string_view text);

}  // namespace backstay
