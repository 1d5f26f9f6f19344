#include "receiver/ctl/request.h"

#include <iostream>
#include <set>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

// Prints each state of each step once.
class Progress {
 public:
  void show(const json& outcome) {
    const json& decision = outcome["decision"];
    if (!decision.is_null()) {
      line("decision", decision.value("verdict", ""), decision.value("explanation", ""));
    }
    if (outcome["run"].is_null()) return;
    for (const json& step : outcome["run"]["steps"]) {
      const std::string finding = step.value("finding", "");
      std::string state = step.value("outcome", "");
      if (!finding.empty()) state += ", found " + finding;
      line(step.value("name", ""), state.empty() ? "started" : state, step.value("detail", ""));
    }
  }

 private:
  void line(const std::string& what, const std::string& state, const std::string& detail) {
    if (!shown_.insert(what + "\n" + state).second) return;
    std::cout << what << std::string(what.size() < 10 ? 10 - what.size() : 1, ' ') << state
              << (detail.empty() ? "" : ": " + printable(detail)) << std::endl;
  }
  std::set<std::string> shown_;
};

json details_json(const Options& options) {
  json details = {{"commit", options.commit},
                  {"commit_times", options.commit_times},
                  {"digest", options.digest},
                  {"migrations", options.migrations}};
  if (options.is_not_rollback_safe) details["rollback_safe"] = false;
  if (options.is_rework) details["rework"] = true;
  return details;
}

Exit exit_of(const json& outcome) {
  if (outcome["run"].is_null()) return Exit::refused;
  return outcome["run"].value("outcome", "") == "done" ? Exit::done : Exit::failed;
}

}  // namespace

std::string live_release(Door& door) {
  const auto answer = door.call("status", json::object());
  if (!answer || !answer->contains("live")) return "not known";
  const std::string live = answer->value("live", "");
  return live.empty() ? "none" : live;
}

Exit request_and_follow(Door& door, const Options& options, const std::string& event) {
  Exit exit = Exit::done;
  const json parameters = {{"event", event},
                           {"release", options.release},
                           {"actor", actor()},
                           {"backup", !options.without_backup},
                           {"details", details_json(options)}};
  const auto submitted = call(door, "submit", parameters, options, exit);
  if (!submitted) return exit;
  return follow(door, options, submitted->value("event_id", std::int64_t{0}));
}

Exit follow(Door& door, const Options& options, std::int64_t event_id) {
  Exit exit = Exit::done;
  const json which = {{"event_id", event_id}};
  Progress progress;
  for (;;) {
    door.work();
    const auto outcome = call(door, "outcome", which, options, exit);
    if (!outcome) return exit;
    if (!options.json) progress.show(*outcome);
    if (!outcome->value("final", false)) continue;
    if (options.json) std::cout << as_document(*outcome) << '\n';
    return exit_of(*outcome);
  }
}

}  // namespace backstay::ctl
