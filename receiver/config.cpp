#include "receiver/config.h"

#include <algorithm>
#include <set>

#include "base/config_file.h"
#include "receiver/webhook_config.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// do: [backup, rollback]: at most one change, with or without a backup.
void read_actions(ConfigNode& node, Rule& rule) {
  const std::vector<std::string> words = node.texts("do");
  if (words.empty()) {
    node.fault("", "do is missing: for example [backup, rollback]");
    return;
  }
  rule.with_backup = false;
  rule.action = ActionKind::backup;
  for (const std::string& word : words) {
    if (word == "backup") {
      rule.with_backup = true;
    } else if (word == "deploy" || word == "rollback") {
      if (rule.action != ActionKind::backup) node.fault("do", "only one of deploy and rollback");
      rule.action = word == "deploy" ? ActionKind::deploy : ActionKind::rollback;
    } else {
      node.fault("do", "unknown action \"" + word + "\": backup, deploy or rollback");
    }
  }
}

// Each decision by the rule keeps it in the journal.
constexpr std::size_t kConditionBytesMax = 4096;

std::string read_condition(ConfigNode& rule) {
  std::string condition = rule.maybe_text("when").value_or("");
  if (condition.size() > kConditionBytesMax) {
    rule.fault("when", "longer than " + std::to_string(kConditionBytesMax) + " bytes");
  }
  return condition;
}

// Nothing where the event is none: then what the rule does cannot be judged by it.
std::optional<EventKind> read_trigger(ConfigNode on, Rule& rule) {
  const std::string event = on.text("event");
  const auto kind = parse_event_kind(event);
  if (kind) {
    rule.on = *kind;
  } else if (!event.empty()) {
    on.fault("event", "unknown event \"" + event + "\"");
  }
  ConfigNode labels = on.section("labels");
  for (const std::string& label : labels.keys()) rule.labels[label] = labels.text(label);
  return kind;
}

Policy read_policy(ConfigNode node) {
  Policy policy;
  const std::string mode = node.choice_or("mode", {"observe", "approve", "auto"}, "observe");
  if (mode == "approve") policy.mode = Policy::Mode::approve;
  if (mode == "auto") policy.mode = Policy::Mode::automatic;
  policy.approve_within =
      node.duration_or("approve_within", minutes(30), seconds(1), hours(24 * 7));
  ConfigNode limits = node.section("limits");
  policy.rollbacks_per_hour = static_cast<int>(limits.integer_or("rollbacks_per_hour", 2, 1, 100));
  policy.deploys_per_hour = static_cast<int>(limits.integer_or("deploys_per_hour", 20, 1, 1000));
  std::set<std::string> names;
  for (ConfigNode& entry : node.sections("rules")) {
    Rule rule;
    rule.name = entry.text("name");
    if (!names.insert(rule.name).second) entry.fault("name", "used twice");
    const auto kind = read_trigger(entry.section("on"), rule);
    read_actions(entry, rule);
    const bool is_alert = kind == EventKind::alert_firing || kind == EventKind::alert_resolved;
    if (is_alert && rule.action == ActionKind::deploy) {
      entry.fault("do", "an alert names no release to deploy: only backup and rollback");
    }
    rule.when = read_condition(entry);
    rule.within = entry.duration_or("within", minutes(30), seconds(1), hours(24 * 7));
    rule.cooldown = entry.duration_or("cooldown", milliseconds(0), milliseconds(0), hours(24 * 7));
    rule.requires_approval = entry.flag_or("requires_approval", false);
    policy.rules.push_back(rule);
  }
  return policy;
}

std::vector<std::string> required_argv(ConfigNode& node, const std::string& key) {
  std::vector<std::string> argv = node.texts(key);
  if (argv.empty()) node.fault("", key + " is missing: a list of a program and its arguments");
  return argv;
}

void read_deploy(ConfigNode node, ReceiverConfig& config) {
  node.choice_or("driver", {"command"}, "command");
  CommandDriverConfig& driver = config.driver;
  driver.deploy = required_argv(node, "deploy");
  driver.switch_to = required_argv(node, "switch");
  driver.current = required_argv(node, "current");
  driver.list = required_argv(node, "list");
  driver.timeout = node.duration_or("timeout", minutes(1), milliseconds(100), hours(1));
  ConfigNode environment = node.section("environment");
  for (const std::string& name : environment.keys()) {
    driver.environment.emplace_back(name, environment.text(name));
  }
  config.verify.health_url = node.text("health_url");
  config.verify.version_url = node.text("version_url");
  config.verify.within = node.duration_or("verify_within", seconds(30), seconds(1), minutes(10));
  config.settle = node.duration_or("settle", minutes(10), seconds(1), hours(24));
}

}  // namespace

Result<ReceiverConfig> load_receiver_config(const std::string& path) {
  auto loaded = ConfigNode::load(path);
  if (!loaded) return fail(loaded.error());
  ConfigNode& root = *loaded;

  std::string service = root.text("service");
  std::string state_dir = root.maybe_path("state_dir").value_or("/var/lib/backstay");
  ConfigNode database = root.section("database");
  ConfigNode backups = root.section("backups");
  BackupConfig backup{backups.maybe_path("dir").value_or("/var/backups/backstay"),
                      database.text_or("bin_dir", "/usr/lib/postgresql/15/bin"),
                      database.required_secret("url", true),
                      backups.duration_or("timeout", minutes(30), seconds(1), hours(24))};
  ReceiverConfig config{.service = std::move(service),
                        .state_dir = std::move(state_dir),
                        .backups = std::move(backup),
                        .prometheus_url = {},
                        .webhooks = {},
                        .policy = {},
                        .driver = {},
                        .verify = {},
                        .confirm = {},
                        .notify = {}};
  ConfigNode prometheus = root.section("prometheus");
  config.prometheus_url = prometheus.text("url");
  config.webhooks = read_webhooks(root);
  config.trusted_proxies = read_trusted_proxies(root);
  config.policy = read_policy(root.section("policy"));
  config.policy.service = config.service;
  read_deploy(root.section("deploy"), config);
  ConfigNode confirm = root.section("confirm");
  config.confirm.clear_for =
      confirm.duration_or("clear_for", minutes(1), milliseconds(100), hours(1));
  config.confirm.interval =
      std::clamp(config.confirm.clear_for / 5, milliseconds(20), milliseconds(5000));
  config.confirm.within = confirm.duration_or("within", minutes(10), seconds(1), hours(24));
  // Longer than any rule looks back.
  config.journal_keep = root.section("journal").duration_or("keep", hours(24 * 365), hours(24 * 28),
                                                            hours(24 * 3650));
  config.notify = read_notify(root, config.service);
  if (auto finished = root.finish(); !finished) return fail(finished.error());
  return config;
}

}  // namespace backstay
