#include <fstream>
#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "receiver/ctl/terminal.h"
#include "receiver/json_text.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

Result<json> read_document(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return parse_json_or_why(text.str());
}

void print(const json& answer) {
  const std::string rule = answer.value("rule", "");
  std::cout << "decision   " << answer.value("verdict", "") << " (" << answer.value("reason", "")
            << "): " << printable(answer.value("explanation", "")) << '\n'
            << "mode       " << answer.value("mode", "") << '\n'
            << "rule       " << (rule.empty() ? "none" : rule) << '\n'
            << "facts      " << printable(answer["facts"].dump()) << '\n';
  for (const json& check : answer["guards"]) {
    const bool passed = check.value("passed", false);
    std::cout << (passed ? "passed     " : "REFUSED    ") << check.value("guard", "") << ": "
              << printable(check.value(passed ? "asks" : "why", "")) << '\n';
  }
}

}  // namespace

Exit policy_explain(Door& door, const Options& options) {
  const auto document = read_document(options.file);
  if (!document) {
    std::cerr << "backstay: " << options.file << ": " << printable(document.error().message)
              << '\n';
    return Exit::bad_usage;
  }
  Exit exit = Exit::done;
  const auto answer = call(door, "explain", {{"event", *document}}, options, exit);
  if (!answer) return exit;
  if (options.json) {
    std::cout << as_document(*answer) << '\n';
  } else {
    print(*answer);
  }
  return exit;
}

}  // namespace backstay::ctl
