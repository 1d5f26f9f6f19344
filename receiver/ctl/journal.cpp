// These two read the file themselves, beside a receiver that runs: a look at all of a large journal
// must not keep it from deciding, and a damaged one is what they are for.

#include <iostream>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "receiver/ctl/command.h"
#include "receiver/journal/integrity.h"
#include "receiver/journal/row_export.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

Exit failed(const Error& error) {
  std::cerr << "backstay: " << error.message << '\n';
  return Exit::failed;
}

void print(const std::vector<journal::Problem>& problems, const std::string& path, bool as_json) {
  if (!as_json) {
    for (const auto& problem : problems) {
      std::cout << problem.check << ": " << printable(problem.what) << '\n';
    }
    if (problems.empty()) std::cout << path << ": ok\n";
    return;
  }
  json list = json::array();
  for (const auto& problem : problems) {
    list.push_back({{"check", problem.check}, {"what", problem.what}});
  }
  const json answer = {{"journal", path}, {"ok", problems.empty()}, {"problems", list}};
  std::cout << answer.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace

Exit journal_check(const ReceiverConfig& config, const Options& options) {
  auto opened = journal::Database::open_to_read(config.journal_path());
  if (!opened) return failed(opened.error());
  std::vector<journal::Problem> problems;
  const auto read =
      (*opened)->read([&](journal::Transaction& tx) { problems = journal::check_all(tx); });
  if (!read) problems.push_back({"integrity", read.error().message});
  print(problems, config.journal_path(), options.json);
  return problems.empty() ? Exit::done : Exit::failed;
}

Exit journal_export(const ReceiverConfig& config, const Options&) {
  auto opened = journal::Database::open_to_read(config.journal_path());
  if (!opened) return failed(opened.error());
  const auto exported =
      journal::export_rows(**opened, [](const std::string& line) { std::cout << line << '\n'; });
  std::cout.flush();
  if (!exported) return failed(exported.error());
  if (!std::cout) return failed(Error{"standard output cannot be written"});
  if (exported->gaps == 0) return Exit::done;
  std::cerr << "backstay: " << exported->rows << " rows; in " << exported->gaps
            << " places the file could not be read\n";
  return Exit::failed;
}

}  // namespace backstay::ctl
