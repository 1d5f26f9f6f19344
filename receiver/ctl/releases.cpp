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

// Enough of it to tell one from another: "1a2b3c4d5e6f", "sha256:1a2b3c4d5e6f".
std::string short_form(const std::string& hex) {
  const std::size_t colon = hex.find(':');
  return hex.substr(0, (colon == std::string::npos ? 0 : colon + 1) + 12);
}

std::string or_dash(std::string text) { return text.empty() ? "-" : std::move(text); }

std::string migrations_cell(const json& entry) {
  std::string names;
  for (const json& name : entry.value("migrations", json::array())) {
    names += (names.empty() ? "" : " ") + name.get<std::string>();
  }
  if (entry.value("rollback_safe", true)) return or_dash(std::move(names));
  return (names.empty() ? "" : names + ", ") + "not rollback_safe";
}

Exit change(Door& door, const Options& options, const std::string& operation,
            const std::string& done) {
  Exit exit = Exit::done;
  const json parameters = {
      {"release", options.release}, {"actor", actor()}, {"reason", options.reason}};
  const auto answer = call(door, operation, parameters, options, exit);
  if (!answer) return exit;
  if (options.json) {
    std::cout << as_document(*answer) << '\n';
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
    std::cout << as_document(*answer) << '\n';
    return exit;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json& entry : (*answer)["releases"]) {
    const std::string kept = entry.contains("kept") ? (entry["kept"] ? "yes" : "no") : "?";
    rows.push_back({entry.value("live", false) ? "*" : "", entry.value("release", ""),
                    entry.value("state", ""), kept, time_cell(entry, "first_seen_at"),
                    time_cell(entry, "good_at"), or_dash(entry.value("deployed_by", "")),
                    or_dash(short_form(entry.value("commit", ""))),
                    or_dash(short_form(entry.value("digest", ""))), migrations_cell(entry),
                    entry.value("poison_reason", "")});
  }
  if (rows.empty()) {
    std::cout
        << "The ledger is empty. backstay releases adopt RELEASE says what is live and good.\n";
    return exit;
  }
  std::cout << table({"LIVE", "RELEASE", "STATE", "KEPT", "FIRST SEEN", "GOOD SINCE", "BY",
                      "COMMIT", "DIGEST", "MIGRATIONS", "WHY"},
                     rows);
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
