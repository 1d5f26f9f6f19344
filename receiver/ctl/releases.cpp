#include <iostream>

#include <nlohmann/json.hpp>

#include "receiver/ctl/terminal.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

std::string time_cell(const json& entry, const char* key) {
  return entry.contains(key) && entry[key].is_string()
             ? readable_time(entry[key].get<std::string>())
             : "-";
}

Exit change(Door& door, const Options& options, const std::string& operation,
            const std::string& done) {
  Exit exit = Exit::done;
  const json parameters = {
      {"release", options.release}, {"actor", actor()}, {"reason", options.reason}};
  const auto answer = call(door, operation, parameters, options, exit);
  if (!answer) return exit;
  if (options.json) {
    std::cout << answer->dump(2) << '\n';
  } else {
    std::cout << "release " << options.release << " " << done << '\n';
  }
  return exit;
}

}  // namespace

Exit releases_list(Door& door, const Options& options) {
  Exit exit = Exit::done;
  const auto answer = call(door, "releases", json::object(), options, exit);
  if (!answer) return exit;
  if (options.json) {
    std::cout << answer->dump(2) << '\n';
    return exit;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json& entry : (*answer)["releases"]) {
    const std::string kept = entry.contains("kept") ? (entry["kept"] ? "yes" : "no") : "?";
    rows.push_back({entry.value("live", false) ? "*" : "", entry.value("release", ""),
                    entry.value("state", ""), kept, time_cell(entry, "first_seen_at"),
                    time_cell(entry, "good_at"), entry.value("poison_reason", "")});
  }
  if (rows.empty()) {
    std::cout
        << "The ledger is empty. backstay releases adopt RELEASE says what is live and good.\n";
    return exit;
  }
  std::cout << table({"LIVE", "RELEASE", "STATE", "KEPT", "FIRST SEEN", "GOOD SINCE", "WHY"}, rows);
  return exit;
}

Exit releases_adopt(Door& door, const Options& options) {
  if (!options.yes &&
      !ask("Say that release " + options.release + " is live and good, a release to go back to?")) {
    return Exit::refused;
  }
  return change(door, options, "adopt", "is adopted: live and good");
}

Exit releases_clear(Door& door, const Options& options) {
  if (!options.yes &&
      !ask("Release " + options.release + " was rolled back. Allow it to be deployed again?")) {
    return Exit::refused;
  }
  return change(door, options, "clear", "may be deployed again");
}

}  // namespace backstay::ctl
