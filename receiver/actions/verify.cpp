#include "receiver/actions/verify.h"

#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "receiver/json_text.h"

namespace backstay {
namespace {

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.deadline = std::chrono::seconds(2);
  return request;
}

}  // namespace

Result<void> Verify::is_healthy() {
  const auto answer = http_.send(get(config_.health_url));
  if (!answer) return fail(answer.error().in("health"));
  if (answer->status / 100 != 2) return fail("health answers " + std::to_string(answer->status));
  return {};
}

Result<void> Verify::is_release(const std::string& release) {
  const auto answer = http_.send(get(config_.version_url));
  if (!answer) return fail(answer.error().in("version"));
  if (answer->status != 200) return fail("version answers " + std::to_string(answer->status));
  const auto json = parse_json(answer->body);
  if (!json.is_object() || !json.contains("release") || !json["release"].is_string()) {
    return fail("version answers no JSON object with a release");
  }
  if (json["release"] != release) return fail("version is not that of release " + release);
  return {};
}

StepResult Verify::perform(const StepContext& context) {
  const SteadyTime end = clock_.steady() + config_.within;
  for (;;) {
    auto proof = is_healthy();
    if (proof) proof = is_release(context.run.release_to);
    if (proof) return {Outcome::done, "healthy, and its version is " + context.run.release_to};
    if (clock_.steady() >= end) {
      return {Outcome::failed, proof.error().message + ", for " + format_duration(config_.within)};
    }
    if (!clock_.sleep(config_.interval, context.stop)) {
      return {Outcome::unknown, "stopped while asking: " + proof.error().message};
    }
  }
}

CheckResult Verify::check(const StepContext&) {
  return {Finding::not_done, "asking changes nothing and is done again"};
}

}  // namespace backstay
