#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "exporter/requests/error_tracker.h"

// What the tests of the error tracker give it and ask it.
namespace backstay::requests {

using nlohmann::json;

inline constexpr std::int64_t kNow = 1764079512123;  // 2025-11-25T14:05:12.123Z

inline formats::LogMessage message(std::string_view text, std::string_view level = "error") {
  formats::LogMessage logged;
  logged.level = level;
  logged.message = text;
  return logged;
}

// Numbers are folded: an error of its own needs a name of its own.
inline std::string name(std::size_t number) {
  std::string letters = "failed in ";
  for (; number > 0; number /= 26) letters += static_cast<char>('a' + number % 26);
  return letters;
}

// By name and labels: errors_total{category="http",severity="error"}.
inline std::map<std::string, double> values(const ErrorTracker& tracker) {
  std::map<std::string, double> all;
  for (const metrics::Family& family : tracker.families()) {
    for (const metrics::Sample& sample : family.samples) {
      all[family.name + "{" + std::string(sample.labels.text()) + "}"] = sample.value;
    }
  }
  return all;
}

inline std::string saved(const ErrorTracker& tracker) {
  RecordWriter writer;
  tracker.save(writer);
  return std::move(writer).take();
}

inline json errors(const ErrorTracker& tracker, std::int64_t now_ms = kNow) {
  return json::parse(tracker.to_json(now_ms)).at("errors");
}

}  // namespace backstay::requests
