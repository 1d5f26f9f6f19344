#include "receiver/config.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The smallest that works; a test adds to it or takes something away.
constexpr const char* kSmallest = R"(service: invitations
database: {url_file: db_url}
prometheus: {url: "http://127.0.0.1:9090"}
deploy:
  deploy: [./deploy, "{release}"]
  switch: [./switch, "{release}"]
  current: [./current]
  list: [./list]
  health_url: http://127.0.0.1:8080/health
  version_url: http://127.0.0.1:8080/version
)";

struct ReceiverConfigTest : ::testing::Test {
  ReceiverConfigTest() {
    write("db_url", "postgresql://postgres@127.0.0.1/invitations\n");
    write("token", "hunter2\n");
    write("other", "hunter3\n");
    write("third", "hunter4\n");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path(name)) << text;
  }
  Result<ReceiverConfig> load(const std::string& text) const {
    write("receiver.yml", text);
    return load_receiver_config(folder.path("receiver.yml"));
  }
  ReceiverConfig loaded(const std::string& text) const {
    auto config = load(text);
    EXPECT_TRUE(config) << config.error().message;
    return *config;
  }
  // Everything that is wrong, one line each, without the folder's name.
  std::string faults(const std::string& text) const {
    const auto config = load(text);
    if (config) return "nothing";
    std::string message = config.error().message;
    const std::string prefix = folder.path() + "/";
    for (std::size_t at = message.find(prefix); at != std::string::npos;
         at = message.find(prefix)) {
      message.erase(at, prefix.size());
    }
    return message;
  }
  static std::string with(const std::string& more) { return kSmallest + more; }
  static std::string without(const std::string& line) {
    std::string text = kSmallest;
    const std::size_t at = text.find(line);
    return text.erase(at, text.find('\n', at) + 1 - at);
  }

  test::TemporaryFolder folder;
};

TEST_F(ReceiverConfigTest, TheSmallestHasSafeDefaults) {
  const ReceiverConfig config = loaded(kSmallest);
  EXPECT_EQ(config.service, "invitations");
  EXPECT_EQ(config.state_dir, "/var/lib/backstay");
  EXPECT_EQ(config.journal_path(), "/var/lib/backstay/journal.db");
  EXPECT_EQ(config.socket_path(), "/var/lib/backstay/control.sock");
  EXPECT_EQ(config.policy.mode, Policy::Mode::observe) << "nothing is done unless asked for";
  EXPECT_EQ(config.policy.rollbacks_per_hour, 2);
  EXPECT_EQ(config.policy.deploys_per_hour, 20);
  EXPECT_TRUE(config.policy.rules.empty());
  EXPECT_TRUE(config.webhooks.empty());
  EXPECT_TRUE(config.notify.empty());
  EXPECT_EQ(config.backups.dir, "/var/backups/backstay");
  EXPECT_EQ(config.backups.bin_dir, "/usr/lib/postgresql/15/bin");
  EXPECT_EQ(config.backups.timeout, minutes(30));
  EXPECT_EQ(config.driver.timeout, minutes(1));
  EXPECT_EQ(config.verify.within, seconds(30));
  EXPECT_EQ(config.settle, minutes(10));
  EXPECT_EQ(config.confirm.clear_for, minutes(1));
  EXPECT_EQ(config.confirm.interval, seconds(5));
  EXPECT_EQ(config.confirm.within, minutes(10));
}

TEST_F(ReceiverConfigTest, EverythingCanBeSaid) {
  const ReceiverConfig config = loaded(R"(service: invitations
state_dir: state
database: {url: "postgresql://u:p@h/d", bin_dir: /opt/pg/bin}
backups: {dir: dumps, timeout: 5m}
prometheus: {url: "http://127.0.0.1:9090"}
webhooks:
  - {name: alertmanager, provider: alertmanager, bearer_token_file: token}
  - {name: ci, provider: github, secret_files: [token, other]}
  - {name: std, provider: standard, secret_file: token}
policy:
  mode: approve
  approve_within: 20m
  limits: {rollbacks_per_hour: 3, deploys_per_hour: 7}
  rules:
    - {name: bad, on: {event: alert_firing, labels: {action: rollback}}, within: 15m,
       do: [backup, rollback], cooldown: 1h, when: "hour() >= 6 and day_of_week() > 0"}
    - {name: ship, on: {event: deploy_requested}, do: [deploy], requires_approval: true}
    - {name: nightly, on: {event: backup_requested}, do: [backup]}
deploy:
  driver: command
  deploy: [./deploy, "{release}"]
  switch: [./switch, "{release}"]
  current: [./current]
  list: [./list]
  timeout: 90s
  environment: {SOCKET: /run/haproxy.sock}
  health_url: http://127.0.0.1:8080/health
  version_url: http://127.0.0.1:8080/version
  verify_within: 10s
  settle: 5m
confirm: {clear_for: 1s, within: 3m}
notify:
  - {channel: log}
  - {channel: slack, url_file: token}
)");
  EXPECT_EQ(config.state_dir, folder.path("state")) << "beside the file";
  EXPECT_EQ(config.backups.dir, folder.path("dumps"));
  EXPECT_EQ(config.backups.timeout, minutes(5));
  ASSERT_EQ(config.webhooks.size(), 3u);
  EXPECT_EQ(config.webhooks[1].name, "ci");
  ASSERT_EQ(config.webhooks[1].secrets.size(), 2u);
  EXPECT_TRUE(config.webhooks[1].secrets[1].read()->equals("hunter3"));
  EXPECT_EQ(config.policy.mode, Policy::Mode::approve);
  EXPECT_EQ(config.policy.approve_within, minutes(20));
  EXPECT_FALSE(config.policy.rules[0].requires_approval);
  EXPECT_TRUE(config.policy.rules[1].requires_approval);
  EXPECT_EQ(config.policy.rollbacks_per_hour, 3);
  EXPECT_EQ(config.policy.deploys_per_hour, 7);
  ASSERT_EQ(config.policy.rules.size(), 3u);
  const Rule& bad = config.policy.rules[0];
  EXPECT_EQ(bad.on, EventKind::alert_firing);
  EXPECT_EQ(bad.labels, (std::map<std::string, std::string>{{"action", "rollback"}}));
  EXPECT_EQ(bad.within, minutes(15));
  EXPECT_EQ(bad.cooldown, hours(1));
  EXPECT_EQ(bad.when, "hour() >= 6 and day_of_week() > 0");
  EXPECT_EQ(config.policy.rules[1].when, "");
  EXPECT_EQ(bad.action, ActionKind::rollback);
  EXPECT_TRUE(bad.with_backup);
  EXPECT_EQ(config.policy.rules[1].action, ActionKind::deploy);
  EXPECT_FALSE(config.policy.rules[1].with_backup);
  EXPECT_EQ(config.policy.rules[1].within, minutes(30));
  EXPECT_EQ(config.policy.rules[2].action, ActionKind::backup);
  EXPECT_EQ(config.driver.deploy, (std::vector<std::string>{"./deploy", "{release}"}));
  EXPECT_EQ(config.driver.timeout, seconds(90));
  ASSERT_EQ(config.driver.environment.size(), 1u);
  EXPECT_EQ(config.driver.environment[0].second, "/run/haproxy.sock");
  EXPECT_EQ(config.confirm.interval, milliseconds(200));
  ASSERT_EQ(config.notify.size(), 2u);
  EXPECT_TRUE(config.notify[1].url);
}

TEST_F(ReceiverConfigTest, AnUnknownKeyIsNamedWithFileLineAndPath) {
  EXPECT_EQ(faults(with("polices: {}\n")),
            "receiver.yml:11: polices: unknown key (did you mean policy?)");
  EXPECT_EQ(faults(with("policy:\n  rules:\n    - name: a\n      on: {event: alert_firing}\n"
                        "      do: [rollback]\n      cooldwon: 1h\n")),
            "receiver.yml:16: policy.rules[0].cooldwon: unknown key (did you mean cooldown?)");
}

TEST_F(ReceiverConfigTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(faults(without("service")), "receiver.yml:1: service: is missing");
  EXPECT_EQ(faults(without("prometheus")), "receiver.yml:1: prometheus.url: is missing");
  EXPECT_EQ(faults(without("database")),
            "receiver.yml:1: database: url_file or url_env is missing");
  EXPECT_EQ(faults(without("  current")),
            "receiver.yml:5: deploy: current is missing: a list of a program and its arguments");
  EXPECT_EQ(faults(without("  health_url")), "receiver.yml:5: deploy.health_url: is missing");
}

TEST_F(ReceiverConfigTest, EverythingWrongIsToldAtOnce) {
  EXPECT_EQ(faults(with("policy: {mode: maybe}\nconfirm: {within: soon}\n")),
            "receiver.yml:11: policy.mode: \"maybe\" is none of: observe, approve, auto\n"
            "receiver.yml:12: confirm.within: \"soon\" is not a duration such as 250ms, 5s or "
            "1h30m");
}

TEST_F(ReceiverConfigTest, ASecretFileThatIsMissingOrEmptyShowsAtTheStart) {
  EXPECT_EQ(faults(with("webhooks:\n  - {name: ci, provider: github, secret_file: nowhere}\n")),
            "receiver.yml:12: webhooks[0].secret_file: nowhere: No such file or directory");
  EXPECT_EQ(
      faults(with("webhooks:\n  - {name: ci, provider: github, secret_files: [token, nowhere]}\n")),
      "receiver.yml:12: webhooks[0].secret_files: nowhere: No such file or directory");
  write("token", "\n");
  EXPECT_EQ(faults(with("notify:\n  - {channel: slack, url_file: token}\n")),
            "receiver.yml:12: notify[0].url_file: token: the file is empty");
}

TEST_F(ReceiverConfigTest, AWebhookWithoutASecretIsRefused) {
  EXPECT_EQ(faults(with("webhooks:\n  - {name: ci, provider: github}\n")),
            "receiver.yml:12: webhooks[0]: secret_file or secret_env is missing");
  EXPECT_EQ(faults(with("webhooks:\n  - {name: am, provider: alertmanager}\n")),
            "receiver.yml:12: webhooks[0]: bearer_token_file or bearer_token_env is missing");
}

TEST_F(ReceiverConfigTest, ASecretIsNeverInTheFileItself) {
  const std::string told =
      faults(with("webhooks:\n  - {name: ci, provider: github, secret: hunter2}\n"));
  EXPECT_NE(told.find("webhooks[0].secret: unknown key"), std::string::npos) << told;
  EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
}

TEST_F(ReceiverConfigTest, NoMoreThanTwoSecretsWhileOneIsRotated) {
  EXPECT_EQ(faults(with("webhooks:\n  - {name: ci, provider: github, "
                        "secret_files: [token, other, third]}\n")),
            "receiver.yml:12: webhooks[0].secret_files: at most two: the current one and the one "
            "before");
}

TEST_F(ReceiverConfigTest, AGenericWebhookSaysWhereItsFieldsAre) {
  const ReceiverConfig config = loaded(with(
      "webhooks:\n  - {name: host, provider: generic, secret_file: token, signature: hmac_sha1,\n"
      "     header: X-Vercel-Signature, fields: {event: /type, id: /id, release: /release},\n"
      "     events: {ready: deploy_succeeded}}\n"
      "  - {name: ci, provider: github, secret_file: token, workflows: [deploy.yml]}\n"));
  ASSERT_EQ(config.webhooks.size(), 2u);
  const intake::GenericConfig& generic = config.webhooks[0].generic;
  EXPECT_EQ(generic.signature, intake::GenericConfig::Signature::hmac_sha1);
  EXPECT_EQ(generic.header, "x-vercel-signature") << "headers come in lower case";
  EXPECT_EQ(generic.release, "/release");
  EXPECT_EQ(generic.events.at("ready"), EventKind::deploy_succeeded);
  EXPECT_EQ(config.webhooks[1].workflows, std::vector<std::string>{"deploy.yml"});
}

TEST_F(ReceiverConfigTest, AGenericWebhookThatCannotWorkIsRefused) {
  const std::string start =
      "webhooks:\n  - {name: host, provider: generic, secret_file: token, header: x, ";
  EXPECT_EQ(faults(with(start + "fields: {event: /type, id: /id}}\n")),
            "receiver.yml:12: webhooks[0]: events is missing: {their-word: deploy_requested}");
  EXPECT_EQ(faults(with(start + "fields: {event: type, id: /id, release: /r}, "
                                "events: {go: deploy_requested}}\n")),
            "receiver.yml:12: webhooks[0].fields.event: a JSON pointer begins with \"/\"");
  EXPECT_EQ(faults(with(start + "fields: {event: /type, id: /id}, events: {go: "
                                "deploy_requested}}\n")),
            "receiver.yml:12: webhooks[0].events.go: deploy_requested needs fields.release");
  EXPECT_EQ(faults(with(start + "fields: {event: /type, id: /id}, events: {go: "
                                "alert_firing}}\n")),
            "receiver.yml:12: webhooks[0].events.go: no event, or one of alerts: "
            "\"alert_firing\"");
}

TEST_F(ReceiverConfigTest, AWebhookIsNamedWellAndOnce) {
  const auto named = [&](const std::string& name) {
    return faults(
        with("webhooks:\n  - {name: \"" + name + "\", provider: github, secret_file: token}\n"));
  };
  EXPECT_EQ(named("cli"), "receiver.yml:12: webhooks[0].name: \"cli\" is kept for our own events");
  EXPECT_EQ(named("backstay"),
            "receiver.yml:12: webhooks[0].name: \"backstay\" is kept for our own events");
  EXPECT_EQ(named("a/b"),
            "receiver.yml:12: webhooks[0].name: only letters, digits, '.', '_', '-' and '+'");
  EXPECT_EQ(faults(with("webhooks:\n  - {name: ci, provider: github, secret_file: token}\n"
                        "  - {name: ci, provider: standard, secret_file: token}\n")),
            "receiver.yml:13: webhooks[1].name: used twice");
}

TEST_F(ReceiverConfigTest, AnUnknownProviderIsNamedWithThoseThereAre) {
  EXPECT_EQ(faults(with("webhooks:\n  - {name: ci, provider: gitlub, secret_file: token}\n")),
            "receiver.yml:12: webhooks[0].provider: \"gitlub\" is none of: alertmanager, github, "
            "gitlab, netlify, cloudflare, standard, generic\nreceiver.yml:12: webhooks[0]: "
            "provider is missing");
}

TEST_F(ReceiverConfigTest, ARuleDoesAtMostOneThing) {
  const auto doing = [&](const std::string& words) {
    return faults(with("policy:\n  rules:\n    - {name: a, on: {event: alert_firing}, do: [" +
                       words + "]}\n"));
  };
  EXPECT_EQ(doing("backup, rollback"), "nothing");
  EXPECT_EQ(doing("deploy, rollback"),
            "receiver.yml:13: policy.rules[0].do: only one of deploy and rollback");
  EXPECT_EQ(doing("reboot"),
            "receiver.yml:13: policy.rules[0].do: unknown action \"reboot\": backup, deploy or "
            "rollback");
  EXPECT_EQ(doing(""),
            "receiver.yml:13: policy.rules[0]: do is missing: for example [backup, "
            "rollback]");
}

TEST_F(ReceiverConfigTest, AnAlertNamesNoReleaseToDeploy) {
  const auto deploying_on = [&](const std::string& event) {
    return faults(with("policy:\n  rules:\n    - {name: a, on: {event: " + event +
                       "}, do: [backup, deploy]}\n"));
  };
  for (const char* alert : {"alert_firing", "alert_resolved"}) {
    EXPECT_EQ(deploying_on(alert),
              "receiver.yml:13: policy.rules[0].do: an alert names no release to deploy: only "
              "backup and rollback");
  }
  EXPECT_EQ(deploying_on("deploy_requested"), "nothing");
}

TEST_F(ReceiverConfigTest, ARuleIsAboutAnEventThatThereIs) {
  EXPECT_EQ(faults(with("policy:\n  rules:\n    - {name: a, on: {event: fire}, do: [rollback]}\n")),
            "receiver.yml:13: policy.rules[0].on.event: unknown event \"fire\"");
  EXPECT_EQ(faults(with("policy:\n  rules:\n    - {name: a, do: [rollback]}\n")),
            "receiver.yml:13: policy.rules[0].on.event: is missing");
}

TEST_F(ReceiverConfigTest, AConditionIsAQuery) {
  const std::string rule =
      "policy: {rules: [{name: a, on: {event: alert_firing}, do: [backup], when: ";
  EXPECT_EQ(faults(with(rule + std::string(4096, 'x') + "}]}")), "nothing");
  EXPECT_EQ(faults(with(rule + std::string(4097, 'x') + "}]}")),
            "receiver.yml:11: policy.rules[0].when: longer than 4096 bytes");
  EXPECT_EQ(faults(without("prometheus") + rule + "up}]}"),
            "receiver.yml:1: prometheus.url: is missing");
}

TEST_F(ReceiverConfigTest, LimitsHaveLimits) {
  EXPECT_EQ(faults(with("policy: {limits: {rollbacks_per_hour: 0}}\n")),
            "receiver.yml:11: policy.limits.rollbacks_per_hour: expected a whole number from 1 to "
            "100");
}

// Messages go to channels by name: of two of one name the first would get all, twice.
TEST_F(ReceiverConfigTest, AChannelIsThereOnce) {
  EXPECT_EQ(faults(with("notify:\n  - {channel: slack, url_file: token}\n"
                        "  - {channel: slack, url_file: other}\n")),
            "receiver.yml:13: notify[1].channel: used twice");
  EXPECT_EQ(faults(with("notify:\n  - {channel: pigeon}\n")),
            "receiver.yml:12: notify[0].channel: \"pigeon\" is none of: log, slack, email\n"
            "receiver.yml:12: notify[0]: channel is missing");
}

TEST_F(ReceiverConfigTest, AFileThatIsNotThereIsNamed) {
  const auto config = load_receiver_config(folder.path("nowhere.yml"));
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("nowhere.yml"), std::string::npos);
}

TEST_F(ReceiverConfigTest, TheJournalIsKeptForAYearAndForFourWeeksAtLeast) {
  EXPECT_EQ(loaded(kSmallest).journal_keep, hours(24 * 365));
  EXPECT_EQ(loaded(kSmallest + std::string("journal: {keep: 90d}\n")).journal_keep, hours(24 * 90));
  EXPECT_NE(faults(kSmallest + std::string("journal: {keep: 27d}\n")).find("journal.keep"),
            std::string::npos);
}

TEST_F(ReceiverConfigTest, WhoMaySendAndHowFast) {
  const ReceiverConfig config = loaded(
      with("trusted_proxies: [10.0.0.1, \"2001:db8::/64\"]\n"
           "webhooks:\n  - {name: am, provider: alertmanager, basic_auth_user: alertmanager}\n"
           "  - {name: ci, provider: github, secret_file: token, basic_auth: not_asked,\n"
           "     allow_from: [192.30.252.0/22], rate_limit: {per_second: 0.5, burst: 3}}\n"));
  ASSERT_EQ(config.trusted_proxies.size(), 2u);
  EXPECT_TRUE(config.trusted_proxies[0].contains(*IpAddress::parse("10.0.0.1")));
  ASSERT_EQ(config.webhooks.size(), 2u);
  EXPECT_EQ(config.webhooks[0].basic_auth_user, "alertmanager");
  EXPECT_TRUE(config.webhooks[0].secrets.empty());
  EXPECT_TRUE(config.webhooks[0].asks_basic_auth);
  EXPECT_TRUE(config.webhooks[0].allow_from.empty()) << "from anywhere";
  EXPECT_EQ(config.webhooks[0].rate_limit.per_second, 100);
  EXPECT_EQ(config.webhooks[0].rate_limit.burst, 10'000);
  EXPECT_FALSE(config.webhooks[1].asks_basic_auth);
  ASSERT_EQ(config.webhooks[1].allow_from.size(), 1u);
  EXPECT_EQ(config.webhooks[1].rate_limit.per_second, 0.5);
  EXPECT_EQ(config.webhooks[1].rate_limit.burst, 3);
}

TEST_F(ReceiverConfigTest, ARangeThatIsNoneOrEverybodyIsRefused) {
  EXPECT_EQ(faults(with("trusted_proxies: [10.0.0.1/8]\n")),
            "receiver.yml:11: trusted_proxies: \"10.0.0.1/8\" has bits beyond its prefix: one "
            "address is written without a slash");
  EXPECT_EQ(faults(with("trusted_proxies: [\"::/0\"]\n")),
            "receiver.yml:11: trusted_proxies: everybody: then any sender could say who it is");
  EXPECT_EQ(faults(with("webhooks:\n  - {name: ci, provider: github, secret_file: token, "
                        "allow_from: []}\n")),
            "receiver.yml:12: webhooks[0].allow_from: names nobody: leave it out, or fill it");
}

TEST_F(ReceiverConfigTest, AnAlertmanagerHasOneProof) {
  const auto told = [&](const std::string& more) {
    return faults(with("webhooks:\n  - {name: am, provider: alertmanager, " + more + "}\n"));
  };
  EXPECT_EQ(told("basic_auth_user: am, bearer_token_file: token"),
            "receiver.yml:12: webhooks[0].basic_auth_user: not together with a bearer token: one "
            "header has both");
  EXPECT_EQ(told("basic_auth_user: am, basic_auth: not_asked"),
            "receiver.yml:12: webhooks[0].basic_auth: but basic_auth_user is its proof");
  EXPECT_NE(faults(with("webhooks:\n  - {name: ci, provider: github, secret_file: token, "
                        "basic_auth_user: x}\n"))
                .find("basic_auth_user: unknown key"),
            std::string::npos);
}

}  // namespace
}  // namespace backstay
