#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/self_metrics.h"
#include "base/shutdown.h"
#include "base/utf8.h"
#include "receiver/config.h"
#include "receiver/ctl/command.h"

namespace {

using backstay::ctl::Door;
using backstay::ctl::Exit;
using backstay::ctl::Options;
using Run = Exit (*)(Door&, const Options&);
using RunOnFile = Exit (*)(const backstay::ReceiverConfig&, const Options&);

struct CommandLine {
  std::string config_file = "/etc/backstay/receiver.yml";
  Options options;
  Run run = nullptr;
  RunOnFile run_on_file = nullptr;
};

CLI::App* add(CLI::App& parent, CommandLine& line, const std::string& name, const std::string& help,
              Run run) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->add_flag("--json", line.options.json, "One JSON document, for machines.");
  command->callback([&line, run]() { line.run = run; });
  return command;
}

CLI::App* add(CLI::App& parent, CommandLine& line, const std::string& name, const std::string& help,
              RunOnFile run) {
  CLI::App* command = add(parent, line, name, help, Run{nullptr});
  command->callback([&line, run]() { line.run_on_file = run; });
  return command;
}

void may_ask(CLI::App* command, CommandLine& line) {
  command->add_flag("-y,--yes", line.options.yes, "Do not ask.");
}

// What the ledger shall know of the release.
void add_details(CLI::App* deploy, Options& options) {
  deploy->add_option("--commit", options.commit, "The commit that it was built of.");
  deploy->add_option("--commit-time", options.commit_times,
                     "When a commit that is new in it was made (RFC 3339); once for each.");
  deploy->add_option("--digest", options.digest, "Of what was built: sha256:HEX.");
  deploy->add_option("--migration", options.migrations,
                     "A migration of the database that comes with it; once for each.");
  deploy->add_flag("--not-rollback-safe", options.is_not_rollback_safe,
                   "It must not be rolled back over.");
  deploy->add_flag("--rework", options.is_rework,
                   "An unplanned fix for what goes wrong in production.");
}

void add_requests(CLI::App& app, CommandLine& line) {
  CLI::App* deploy = add(app, line, "deploy", "Deploy a release.", backstay::ctl::deploy);
  deploy->add_option("release", line.options.release)->required();
  add_details(deploy, line.options);
  CLI::App* rollback =
      add(app, line, "rollback", "Put the last good release, or a named one, back.",
          backstay::ctl::rollback);
  rollback->add_option("release", line.options.release);
  for (CLI::App* command : {deploy, rollback}) {
    may_ask(command, line);
    command->add_flag("--no-backup", line.options.without_backup, "Without a backup.");
  }
}

void add_approvals(CLI::App& app, CommandLine& line) {
  CLI::App* approve =
      add(app, line, "approve", "Let what waits for approval be done.", backstay::ctl::approve);
  CLI::App* refuse =
      add(app, line, "refuse", "Have what waits for approval not be done.", backstay::ctl::refuse);
  for (CLI::App* command : {approve, refuse}) {
    command->add_option("id", line.options.event_id, "The event's, as it was told.")->required();
    command->add_option("--by", line.options.by, "Who decided, for the audit.");
    command->add_option("--reason", line.options.reason, "Why, for the audit.");
  }
  CLI::App* policy = app.add_subcommand("policy", "What the policy says.");
  policy->require_subcommand(1);
  add(*policy, line, "explain", "What would happen about an event, and why.",
      backstay::ctl::policy_explain)
      ->add_option("event", line.options.file, "A file of JSON; docs/JOURNAL.md has its keys.")
      ->required()
      ->check(CLI::ExistingFile);
}

// The explicit table of commands.
void declare(CLI::App& app, CommandLine& line) {
  app.add_option("--config.file", line.config_file, "The receiver's configuration file.")
      ->capture_default_str();
  app.set_version_flag("--version", "backstay " + backstay::version());
  app.require_subcommand(1);
  app.fallthrough();

  add(app, line, "status", "What is live, what runs, what waits.", backstay::ctl::status);

  CLI::App* releases = app.add_subcommand("releases", "The ledger of releases.");
  releases->require_subcommand(1);
  add(*releases, line, "list", "All releases, the newest first.", backstay::ctl::releases_list);
  CLI::App* adopt = add(*releases, line, "adopt", "Say that a release is live and good.",
                        backstay::ctl::releases_adopt);
  CLI::App* clear = add(*releases, line, "clear", "Allow a rolled-back release again.",
                        backstay::ctl::releases_clear);
  for (CLI::App* command : {adopt, clear}) {
    command->add_option("release", line.options.release)->required();
    may_ask(command, line);
  }
  adopt->add_option("--reason", line.options.reason, "Why, for the audit.");
  clear->add_option("--reason", line.options.reason, "Why, for the audit.")->required();

  add_requests(app, line);
  add_approvals(app, line);

  CLI::App* backup = app.add_subcommand("backup", "Backups of the database.");
  backup->require_subcommand(1);
  add(*backup, line, "create", "Take a backup now.", backstay::ctl::backup_create);
  add(*backup, line, "list", "Complete backups, the newest first.", backstay::ctl::backup_list);

  CLI::App* audit =
      add(app, line, "audit", "Everything that happened, and why.", backstay::ctl::audit);
  audit->add_option("--since", line.options.since, "A time (RFC 3339) or how long ago (2h).");
  audit->add_option("--until", line.options.until, "Likewise; up to then, and not later.");
  audit->add_option("--limit", line.options.limit, "Show this many entries at most, the newest.")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}))
      ->capture_default_str();

  CLI::App* journal =
      app.add_subcommand("journal", "The file that the receiver keeps all it knows in.");
  journal->require_subcommand(1);
  add(*journal, line, "check", "Look at all of it, and say what is wrong.",
      backstay::ctl::journal_check);
  add(*journal, line, "export", "All of it as lines of JSON, as far as it can be read.",
      backstay::ctl::journal_export);
}

// What goes into the journal and comes out as JSON is UTF-8. The first of the values that is not,
// for people; else empty.
std::string not_text(const Options& options) {
  std::vector<std::pair<const char*, std::string>> values{
      {"RELEASE", options.release}, {"--reason", options.reason}, {"--by", options.by},
      {"--since", options.since},   {"--commit", options.commit}, {"--digest", options.digest}};
  for (const std::string& time : options.commit_times) values.emplace_back("--commit-time", time);
  for (const std::string& name : options.migrations) values.emplace_back("--migration", name);
  for (const auto& [option, value] : values) {
    if (!backstay::is_valid_utf8(value)) return std::string(option) + ": not UTF-8";
  }
  return "";
}

Exit run(const CommandLine& line) {
  if (const std::string problem = not_text(line.options); !problem.empty()) {
    std::cerr << "backstay: " << problem << '\n';
    return Exit::bad_usage;
  }
  const auto config = backstay::load_receiver_config(line.config_file);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return Exit::bad_usage;
  }
  if (line.run_on_file != nullptr) return line.run_on_file(*config, line.options);
  auto door = backstay::ctl::open_door(*config);
  if (!door) {
    std::cerr << "backstay: " << door.error().message << '\n';
    return Exit::refused;
  }
  return line.run(**door, line.options);
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("Backstay's command line: see, deploy, roll back.", "backstay");
  declare(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::bad_usage);
  }
  // The receiver's log lines belong to the daemon; a person sees only what goes wrong.
  backstay::log::configure(backstay::log::Level::warn, backstay::log::Format::logfmt);
  try {
    return static_cast<int>(run(line));
  } catch (const std::exception& error) {
    // A run that it was in stays in the journal: the receiver, or the next command, takes it up.
    std::cerr << "backstay: " << error.what() << '\n';
    return static_cast<int>(Exit::failed);
  }
}
