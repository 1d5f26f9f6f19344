#include "receiver/policy/facts.h"

#include <exception>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace backstay {
namespace {

constexpr std::chrono::milliseconds kAskAgainAfter{1000};

bool needs_alert(const Event& event) {
  return event.kind == EventKind::alert_firing || event.kind == EventKind::alert_resolved;
}

}  // namespace

bool is_complete(const Event& event, const Facts& facts) {
  if (facts.condition && !facts.condition->known && !facts.condition->is_hopeless) return false;
  // A resolved alert is noted whatever Prometheus says.
  if (event.kind == EventKind::alert_resolved) return true;
  if (!facts.live_known) return event.kind == EventKind::backup_requested;
  return !facts.alert || facts.alert->known;
}

bool KillSwitch::is_disarmed() const {
  // Not followed where it is a link: one that leads nowhere disarms too.
  std::error_code error;
  return std::filesystem::symlink_status(path_, error).type() !=
         std::filesystem::file_type::not_found;
}

Facts FactGatherer::ask_once(const Event& event, const std::string& condition) const {
  Facts facts;
  facts.gathered_at = clock_.now();
  auto live = driver_.current();
  auto kept = driver_.kept();
  if (live) facts.live_release = *live;
  if (kept) facts.kept_releases = *kept;
  facts.live_known = live && kept;
  if (!live) {
    facts.driver_problem = live.error().message;
  } else if (!kept) {
    facts.driver_problem = kept.error().message;
  }
  if (needs_alert(event)) facts.alert = alerts_.ask(event.subject, event.labels);
  if (!condition.empty()) facts.condition = alerts_.ask_condition(condition);
  facts.disarmed = kill_switch_.is_disarmed();  // last: the others may take their time
  return facts;
}

// An exception is an answer that does not come.
Facts FactGatherer::ask_safely(const Event& event, const std::string& condition) const {
  try {
    return ask_once(event, condition);
  } catch (const std::exception& error) {
    Facts facts;
    facts.gathered_at = clock_.now();
    facts.disarmed = kill_switch_.is_disarmed();
    facts.driver_problem = error.what();
    if (!condition.empty())
      facts.condition = ConditionFacts{condition, false, false, error.what(), false};
    return facts;
  }
}

Facts FactGatherer::gather(const Event& event, const std::string& condition,
                           std::chrono::milliseconds patience, const std::stop_token& stop) const {
  const SteadyTime end = clock_.steady() + patience;
  for (;;) {
    Facts facts = ask_safely(event, condition);
    if (is_complete(event, facts) || clock_.steady() >= end) return facts;
    if (!clock_.sleep(kAskAgainAfter, stop)) return facts;
  }
}

std::string to_json(const Facts& facts) {
  nlohmann::json json = {{"disarmed", facts.disarmed}, {"kept_releases", facts.kept_releases}};
  if (facts.live_known) json["live_release"] = facts.live_release.value_or("");
  if (!facts.driver_problem.empty()) json["driver_problem"] = facts.driver_problem;
  if (facts.alert) {
    nlohmann::json alert = {{"known", facts.alert->known}};
    if (facts.alert->known) {
      alert["firing"] = facts.alert->firing;
      alert["has_data"] = facts.alert->has_data;
    } else {
      alert["problem"] = facts.alert->problem;
    }
    if (facts.alert->active_at) alert["active_at"] = format_rfc3339(*facts.alert->active_at);
    json["alert"] = alert;
  }
  if (facts.condition) {
    nlohmann::json when = {{"query", facts.condition->query}, {"known", facts.condition->known}};
    if (facts.condition->known) {
      when["met"] = facts.condition->met;
    } else {
      when["problem"] = facts.condition->problem;
    }
    json["when"] = when;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace backstay
