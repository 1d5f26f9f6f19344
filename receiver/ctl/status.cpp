#include <iostream>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

std::string live_text(const json& answer) {
  if (answer.contains("live_problem")) {
    return "not known: " + answer["live_problem"].get<std::string>();
  }
  const std::string live = answer.value("live", "");
  if (live.empty()) return "none";
  std::string text = "release " + live;
  if (answer.value("ledger_live", "") == live) {
    text += ", " + answer.value("live_state", "") + ", since " +
            readable_time(answer.value("live_since", "")) + " (" + answer.value("live_by", "") +
            ")";
  } else {
    text += ", not in the ledger yet";
  }
  return text;
}

std::string run_text(const json& run) {
  if (run.is_null()) return "none";
  return run.value("action", "") + " to release " + run.value("to", "") + ", since " +
         readable_time(run.value("started_at", ""));
}

}  // namespace

Exit status(Door& door, const Options& options) {
  Exit exit = Exit::done;
  auto answer = call(door, "status", json::object(), options, exit);
  if (!answer) return exit;
  (*answer)["receiver"] = door.receiver_is_up() ? "up" : "down";
  if (options.json) {
    std::cout << as_document(*answer) << '\n';
    return exit;
  }
  const bool disarmed = answer->value("disarmed", false);
  std::cout << "service    " << answer->value("service", "") << '\n'
            << "receiver   "
            << (door.receiver_is_up() ? "up" : "down: nothing acts by itself until it runs") << '\n'
            << "mode       " << answer->value("mode", "")
            << (disarmed ? ", DISARMED: no new step starts" : "") << '\n'
            << "live       " << printable(live_text(*answer)) << '\n'
            << "in flight  " << printable(run_text((*answer)["run_in_flight"])) << '\n'
            << "waiting    " << answer->value("events_waiting", 0) << " events, "
            << answer->value("messages_waiting", 0) << " messages\n";
  for (const json& approval : (*answer)["approvals"]) {
    std::cout << "approval   " << printable(approval.value("explanation", "")) << '\n';
  }
  return exit;
}

}  // namespace backstay::ctl
