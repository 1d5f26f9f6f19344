#include "exporter/collectors/events/event_state.h"

#include <cmath>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace backstay::collectors {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

json micros(const std::optional<EventTime>& time) {
  return time ? json(time->time_since_epoch().count()) : json(nullptr);
}

std::optional<EventTime> read_micros(const json& value) {
  if (value.is_null()) return std::nullopt;
  return EventTime(std::chrono::microseconds(value.get<std::int64_t>()));
}

Components read_components(const EventSpec& spec, const json& value) {
  auto components = value.get<Components>();
  if (components.size() != component_count(spec)) throw std::length_error("components");
  for (double component : components) {
    if (!std::isfinite(component) || component < 0) throw std::out_of_range("components");
  }
  return components;
}

EventTotals read_totals(const EventSpec& spec, const json& state) {
  EventTotals totals;
  totals.final_before = read_micros(state.at("final_before_us"));
  totals.seen = {read_micros(state.at("seen_before_us")),
                 read_micros(state.value("ahead_before_us", json())),
                 read_micros(state.value("far_from_us", json()))};
  totals.is_full = state.at("is_full").get<bool>();
  totals.late_events = state.at("late_events").get<double>();
  totals.vanished_events = state.at("vanished_events").get<double>();
  if (const json& at = state.at("recounted_at_ms"); !at.is_null()) {
    totals.recounted_at = from_unix_ms(at.get<std::int64_t>());
  }
  for (const json& entry : state.at("series")) {
    auto labels = entry.at("labels").get<LabelValues>();
    if (labels.size() != spec.labels.size()) throw std::length_error("labels");
    totals.series[std::move(labels)] = {
        read_components(spec, entry.at("base")), read_components(spec, entry.at("below")),
        read_components(spec, entry.at("recent")),
        // Not in the first files of this format.
        entry.contains("ahead") ? read_components(spec, entry.at("ahead"))
                                : Components(component_count(spec), 0),
        read_components(spec, entry.at("shown"))};
  }
  return totals;
}

}  // namespace

std::string write_event_state(const EventSpec& spec, const EventTotals& totals) {
  json series = json::array();
  for (const auto& [labels, entry] : totals.series) {
    series.push_back({{"labels", labels},
                      {"base", entry.base},
                      {"below", entry.below},
                      {"recent", entry.recent},
                      {"ahead", entry.ahead},
                      {"shown", entry.shown}});
  }
  const json state{{"format", kFormat},
                   {"definition", definition_of(spec)},
                   {"final_before_us", micros(totals.final_before)},
                   {"seen_before_us", micros(totals.seen.before)},
                   {"ahead_before_us", micros(totals.seen.ahead_before)},
                   {"far_from_us", micros(totals.seen.far_from)},
                   {"is_full", totals.is_full},
                   {"late_events", totals.late_events},
                   {"vanished_events", totals.vanished_events},
                   {"recounted_at_ms",
                    totals.recounted_at ? json(to_unix_ms(*totals.recounted_at)) : json(nullptr)},
                   {"series", std::move(series)}};
  return state.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string to_string(StateFault fault) {
  switch (fault) {
    case StateFault::damaged:
      return "damaged";
    case StateFault::definition_changed:
      return "definition_changed";
    case StateFault::too_new:
      return "too_new";
  }
  return "";
}

tl::expected<EventTotals, StateFault> read_event_state(const EventSpec& spec,
                                                       const std::string& text) {
  try {
    const json state = json::parse(text);
    if (state.at("format").get<int>() > kFormat) return tl::unexpected(StateFault::too_new);
    if (state.at("definition").get<std::string>() != definition_of(spec)) {
      return tl::unexpected(StateFault::definition_changed);
    }
    return read_totals(spec, state);
  } catch (const std::exception&) {
    return tl::unexpected(StateFault::damaged);
  }
}

}  // namespace backstay::collectors
