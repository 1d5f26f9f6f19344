#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "receiver/release_details.h"

namespace backstay::intake {

// A text at a path of a payload ("deployment.ref"), or an empty one where there is none.
inline std::string text_at(const nlohmann::json& payload, const std::string& pointer) {
  const nlohmann::json::json_pointer where(pointer);
  if (!payload.contains(where) || !payload.at(where).is_string()) return "";
  return payload.at(where).get<std::string>();
}

// What a provider itself knows of a commit: its id and its time.
inline ReleaseDetails details_of(const std::string& commit, const std::string& committed_at) {
  return read_release_details({{"commit", commit}, {"commit_time", committed_at}});
}

}  // namespace backstay::intake
