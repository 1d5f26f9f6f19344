#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "exporter/requests/error_tracker.h"

namespace backstay::requests {
namespace {

using Json = nlohmann::ordered_json;

std::string to_time(std::int64_t ms) { return format_rfc3339(from_unix_ms(ms)); }

Json to_json_sample(const ErrorSample& sample) {
  Json json = Json::object();
  const auto put = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  put("message", sample.message);
  put("method", sample.method);
  put("route", sample.route);
  if (sample.status != 0) json["status"] = sample.status;
  put("request_id", sample.request_id);
  put("stack", sample.stack);
  Json context = Json::object();
  if (!sample.level.empty()) context["level"] = sample.level;
  if (sample.duration_seconds) context["duration_seconds"] = *sample.duration_seconds;
  json["context"] = std::move(context);
  return json;
}

Json to_json_error(const TrackedError& error) {
  Json json = Json::object();
  json["fingerprint"] = to_hex(error.fingerprint);
  json["category"] = to_string(error.category);
  json["severity"] = to_string(error.severity);
  json["title"] = error.title;
  json["count"] = error.count;
  json["first_seen"] = to_time(error.first_seen_ms);
  json["last_seen"] = to_time(error.last_seen_ms);
  json["sample"] = to_json_sample(error.sample);
  return json;
}

}  // namespace

std::string ErrorTracker::to_json(std::int64_t now_ms) const {
  std::vector<const TrackedError*> shown;
  for (const TrackedError& error : errors_) {
    if (error.last_seen_ms >= now_ms - limits_.age_max_ms) shown.push_back(&error);
  }
  std::sort(shown.begin(), shown.end(), [](const TrackedError* left, const TrackedError* right) {
    if (left->last_seen_ms != right->last_seen_ms) return left->last_seen_ms > right->last_seen_ms;
    return left->fingerprint < right->fingerprint;
  });
  Json json = Json::object();
  json["errors"] = Json::array();
  for (const TrackedError* error : shown) json["errors"].push_back(to_json_error(*error));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace backstay::requests
