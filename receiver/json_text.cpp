#include "receiver/json_text.h"

#include <string>

#include <nlohmann/json.hpp>

namespace backstay {
namespace {

using nlohmann::json;

// Counted before anything is made of it, and not by the parser's callback: with one, the parser
// looks through a whole list after each of its objects. Up to where a text is no JSON, it is
// exact; what is behind that is never read.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_in_string) {
      if (c == '\\') ++i;
      if (c == '"') is_in_string = false;
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

json parse_json(std::string_view text) {
  if (is_too_deep(text)) return json(json::value_t::discarded);
  return json::parse(text, nullptr, false);
}

Result<json> parse_json_or_why(std::string_view text) {
  if (is_too_deep(text)) {
    return fail("lists and objects are nested deeper than " + std::to_string(kJsonDepthMax));
  }
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    return fail(error.what());
  }
}

}  // namespace backstay
