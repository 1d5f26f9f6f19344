#include "receiver/ctl/request.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {

Exit rollback(Door& door, const Options& options) {
  const std::string target =
      options.release.empty() ? "the last good release" : "release " + options.release;
  const std::string question =
      "Roll back to " + target + "? Live now: " + live_release(door) + ", which is then poisoned.";
  if (!options.yes && !ask(question)) return Exit::refused;
  return request_and_follow(door, options, "rollback_requested");
}

}  // namespace backstay::ctl
