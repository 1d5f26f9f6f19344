#include <iostream>

#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "base/timestamp.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

// --since takes a point in time or how long ago.
Result<std::int64_t> since_ms(const std::string& text) {
  if (text.empty()) return 0;
  if (const auto time = parse_rfc3339(text)) return to_unix_ms(*time);
  const auto ago = parse_duration(text);
  if (!ago)
    return fail("--since: \"" + text + "\" is neither a time (RFC 3339) nor a duration (2h)");
  return to_unix_ms(SystemClock().now()) - ago->count();
}

}  // namespace

Exit audit(Door& door, const Options& options) {
  const auto since = since_ms(options.since);
  if (!since) {
    std::cerr << "backstay: " << since.error().message << '\n';
    return Exit::bad_usage;
  }
  Exit exit = Exit::done;
  const auto answer = call(door, "audit", {{"since_ms", *since}}, options, exit);
  if (!answer) return exit;
  if (options.json) {
    std::cout << as_document(*answer) << '\n';
    return exit;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json& entry : (*answer)["audit"]) {
    const auto run = entry.value("run_id", std::int64_t{0});
    rows.push_back({readable_time(entry.value("at", "")), entry.value("kind", ""),
                    entry.value("what", ""), entry.value("subject", ""),
                    run == 0 ? "" : std::to_string(run), entry.value("actor", ""),
                    entry.value("why", "")});
  }
  std::cout << table({"TIME (UTC)", "KIND", "WHAT", "ABOUT", "RUN", "WHO", "WHY"}, rows);
  return exit;
}

}  // namespace backstay::ctl
