#include "exporter/health/endpoints.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

namespace backstay::health {
namespace {

using nlohmann::json;

bool is_failing(const State& state) { return state.critical && !(state.is_known && state.is_up); }

std::string text(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

Answer basic() { return {200, text({{"status", "up"}})}; }

Answer live(const Components& components) {
  const std::vector<State> states = components.states();
  const bool stuck = std::any_of(states.begin(), states.end(), [](const State& state) {
    return state.problem == "the last answer is too old";
  });
  return {stuck ? 503 : 200, text({{"status", stuck ? "stuck" : "live"}})};
}

Answer ready(const Components& components) {
  json failing = json::array();
  for (const State& state : components.states()) {
    if (is_failing(state)) failing.push_back(state.name);
  }
  const bool is_ready = failing.empty();
  return {is_ready ? 200 : 503,
          text({{"status", is_ready ? "ready" : "not ready"}, {"failing", failing}})};
}

Answer detailed(const Components& components) {
  json list = json::array();
  bool is_ready = true;
  for (const State& state : components.states()) {
    json entry = {{"component", state.name},
                  {"kind", state.kind},
                  {"critical", state.critical},
                  {"status", !state.is_known ? "unknown"
                             : state.is_up   ? "up"
                                             : "down"}};
    if (state.is_known) entry["latency_seconds"] = state.seconds;
    if (!state.problem.empty()) entry["problem"] = state.problem;
    list.push_back(entry);
    is_ready = is_ready && !is_failing(state);
  }
  return {is_ready ? 200 : 503,
          text({{"status", is_ready ? "ready" : "not ready"}, {"components", list}})};
}

}  // namespace backstay::health
