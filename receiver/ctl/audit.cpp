#include <iostream>
#include <tuple>

#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "base/timestamp.h"
#include "receiver/ctl/terminal.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

// A flag takes a point in time or how long ago.
Result<std::int64_t> unix_ms(const std::string& flag, const std::string& text) {
  if (const auto time = parse_rfc3339(text)) return to_unix_ms(*time);
  const auto ago = parse_duration(text);
  if (!ago) {
    return fail(flag + ": \"" + text + "\" is neither a time (RFC 3339) nor a duration (2h)");
  }
  return to_unix_ms(SystemClock().now()) - ago->count();
}

Result<json> parameters_of(const Options& options) {
  json parameters = {{"limit", options.limit}};
  for (const auto& [flag, key, text] : {std::tuple{"--since", "since_ms", options.since},
                                        std::tuple{"--until", "until_ms", options.until}}) {
    if (text.empty()) continue;
    const auto ms = unix_ms(flag, text);
    if (!ms) return fail(ms.error());
    parameters[key] = *ms;
  }
  return parameters;
}

// On standard error, where it disturbs nobody who reads the rest.
void say_what_is_left_out(const json& answer) {
  const json& entries = answer["audit"];
  if (!answer.value("truncated", false) || entries.empty()) return;
  const std::string oldest = entries.front().value("at", "");
  std::cerr << "backstay: only the newest " << entries.size() << " entries are shown, and there are"
            << " older ones: --until " << oldest << " shows those up to there, --limit N more at"
            << " once\n";
}

}  // namespace

Exit audit(Door& door, const Options& options) {
  const auto parameters = parameters_of(options);
  if (!parameters) {
    std::cerr << "backstay: " << parameters.error().message << '\n';
    return Exit::bad_usage;
  }
  Exit exit = Exit::done;
  const auto answer = call(door, "audit", *parameters, options, exit);
  if (!answer) return exit;
  say_what_is_left_out(*answer);
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
