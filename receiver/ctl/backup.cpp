#include <iostream>

#include <nlohmann/json.hpp>

#include "receiver/ctl/request.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {

Exit backup_create(Door& door, const Options& options) {
  return request_and_follow(door, options, "backup_requested");
}

Exit backup_list(Door& door, const Options& options) {
  Exit exit = Exit::done;
  const auto answer = call(door, "backups", nlohmann::json::object(), options, exit);
  if (!answer) return exit;
  if (options.json) {
    std::cout << as_document(*answer) << '\n';
    return exit;
  }
  std::vector<std::vector<std::string>> rows;
  for (const nlohmann::json& entry : (*answer)["backups"]) {
    rows.push_back({entry.value("id", ""), readable_time(entry.value("created_at", "")),
                    entry.value("release", ""), readable_bytes(entry.value("bytes", 0.0))});
  }
  if (rows.empty()) {
    std::cout << "No complete backup in " << answer->value("dir", "") << ".\n";
    return exit;
  }
  std::cout << table({"BACKUP", "TAKEN", "RELEASE", "SIZE"}, rows);
  return exit;
}

}  // namespace backstay::ctl
