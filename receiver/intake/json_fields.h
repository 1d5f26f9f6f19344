#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace backstay::intake {

// A text at a path of a payload ("deployment.ref"), or an empty one where there is none.
inline std::string text_at(const nlohmann::json& payload, const std::string& pointer) {
  const nlohmann::json::json_pointer where(pointer);
  if (!payload.contains(where) || !payload.at(where).is_string()) return "";
  return payload.at(where).get<std::string>();
}

}  // namespace backstay::intake
