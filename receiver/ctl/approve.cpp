#include <iostream>

#include <nlohmann/json.hpp>

#include "receiver/ctl/request.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

// Whoever is named, the audit also has who ran the command.
std::string who(const Options& options) {
  if (options.by.empty() || options.by == actor()) return actor();
  return options.by + " (through " + actor() + ")";
}

json parameters_of(const Options& options) {
  return {{"event_id", options.event_id}, {"actor", who(options)}, {"reason", options.reason}};
}

}  // namespace

Exit approve(Door& door, const Options& options) {
  Exit exit = Exit::done;
  if (!call(door, "approve", parameters_of(options), options, exit)) return exit;
  return follow(door, options, options.event_id);
}

Exit refuse(Door& door, const Options& options) {
  Exit exit = Exit::done;
  const auto answer = call(door, "refuse", parameters_of(options), options, exit);
  if (!answer) return exit;
  door.work();
  if (options.json) {
    std::cout << as_document(*answer) << '\n';
  } else {
    std::cout << "event " << options.event_id << " is refused: nothing is done about it\n";
  }
  return exit;
}

}  // namespace backstay::ctl
