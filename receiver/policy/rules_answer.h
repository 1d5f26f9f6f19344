#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace backstay {

// What Prometheus answers at /api/v1/rules, without the rules that have another name: each is
// forgotten as soon as it is read, since a storm of their alerts takes memory. A rule is what is at
// data.groups[].rules[], and nothing else, whatever its keys are. Takes time linear in the text.
// Discarded where it is no JSON, or deeper than kJsonDepthMax.
nlohmann::json parse_rules_answer(std::string_view body, const std::string& name);

}  // namespace backstay
