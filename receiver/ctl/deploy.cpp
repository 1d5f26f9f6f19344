#include "receiver/ctl/request.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {

Exit deploy(Door& door, const Options& options) {
  const std::string question =
      "Deploy release " + options.release + "? Live now: " + live_release(door) + ".";
  if (!options.yes && !ask(question)) return Exit::refused;
  return request_and_follow(door, options, "deploy_requested");
}

}  // namespace backstay::ctl
