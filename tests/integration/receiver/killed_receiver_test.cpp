// kill -9 at every change of the journal, before and after its commit: the points are found by
// running once without a kill. Whatever the moment, after a restart the same state is reached.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/http_client.h"
#include "base/subprocess.h"
#include "base/timestamp.h"
#include "receiver/actions/backup.h"
#include "receiver/intake/server.h"
#include "receiver/journal/audit.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/run_log.h"
#include "receiver/ledger.h"
#include "tests/integration/postgres_cluster.h"

namespace backstay {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& text, bool executable = false) {
  std::ofstream(path) << text;
  if (executable) fs::permissions(path, fs::perms::owner_all);
}

// A service whose live release is the content of a file, and a Prometheus that finds release 2 bad.
class Stage {
 public:
  explicit Stage(const test::PostgresCluster& cluster)
      : dir_(fs::temp_directory_path() / ("backstay-kill-" + std::to_string(::getpid()))),
        server_([this](const intake::Request& request) { return answer(request); }, {}) {
    fs::create_directories(dir_);
    const auto bound = server_.listen("127.0.0.1:0");
    if (!bound) throw std::runtime_error(bound.error().message);
    write_file(
        dir_ / "switch",
        "#!/bin/sh\n[ \"$(cat live)\" = \"$1\" ] || { echo \"$1\" > live.new && mv live.new live "
        "&& echo \"$1\" >> switches; }\n",
        true);
    write_file(dir_ / "receiver.yml", config("http://" + *bound, cluster.url("postgres")));
  }
  ~Stage() { fs::remove_all(dir_); }

  void reset() {
    for (const char* name : {"state", "backups", "switches"}) fs::remove_all(dir_ / name);
    write_file(dir_ / "live", "1\n");
  }

  CommandResult run(int kill_at) {
    Command command;
    command.argv = {KILLABLE_RECEIVER, (dir_ / "receiver.yml").string(), std::to_string(kill_at)};
    command.deadline = std::chrono::seconds(60);
    return SystemProcessRunner().run(command);
  }

  [[nodiscard]] fs::path path(const std::string& name) const { return dir_ / name; }

 private:
  intake::Response answer(const intake::Request& request) {
    intake::Response response;
    const std::string live = read_file(dir_ / "live").substr(0, 1);
    if (request.path == "/version") response.body = R"({"release": ")" + live + "\"}";
    if (request.path == "/api/v1/rules") {
      const std::string alert =
          live == "2" ? R"({"labels": {"alertname": "ErrorRatioHigh", "action": "rollback"},
                            "state": "firing"})"
                      : "";
      response.body = R"({"status": "success", "data": {"groups": [{"rules": [{
        "name": "ErrorRatioHigh", "health": "ok", "labels": {"action": "rollback"},
        "annotations": {"data_query": "up"}, "alerts": [)" +
                      alert + "]}]}]}}";
    }
    if (request.path == "/api/v1/query") {
      response.body = R"({"data": {"result": [{"metric": {}, "value": [0, "1"]}]}})";
    }
    return response;
  }

  [[nodiscard]] std::string config(const std::string& server, const std::string& url) const {
    const std::string dir = dir_.string();
    return "service: invitations\nstate_dir: " + dir + "/state\n" + "database: {url: \"" + url +
           "\", bin_dir: " + test::PostgresCluster::bin_dir() + "}\n" + "prometheus: {url: \"" +
           server + "\"}\n" +
           "policy:\n  mode: auto\n  rules:\n"
           "    - {name: bad-release, on: {event: alert_firing, labels: {action: rollback}}, "
           "do: [backup, rollback], within: 30m, cooldown: 1h}\n" +
           "backups: {dir: " + dir + "/backups}\n" +
           "deploy:\n  deploy: [\"true\"]\n  switch: [/bin/sh, -c, 'cd \"$0\" && ./switch "
           "\"$1\"', " +
           dir + ", \"{release}\"]\n  current: [cat, " + dir + "/live]\n" +
           "  list: [printf, '1\\n2\\n']\n  health_url: " + server +
           "/health\n  version_url: " + server + "/version\n" +
           "confirm: {clear_for: 100ms, within: 30s}\n" + "notify: [{channel: log}]\n";
  }

  fs::path dir_;
  intake::Server server_;
};

// What must hold at the end, however often the receiver was killed.
void expect_rolled_back_once(const Stage& stage) {
  EXPECT_EQ(read_file(stage.path("live")), "1\n");
  EXPECT_EQ(read_file(stage.path("switches")), "2\n1\n");

  const auto backups = list_backups(stage.path("backups").string());
  EXPECT_EQ(backups.size(), 1u);
  for (const BackupEntry& backup : backups) {
    EXPECT_TRUE(check_backup(stage.path("backups/" + backup.id).string()));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(stage.path("backups")), {}), 1) << "leftovers";

  auto journal = journal::Database::open(stage.path("state/journal.db").string());
  ASSERT_TRUE(journal) << journal.error().message;
  ASSERT_TRUE((*journal)->read([&](journal::Transaction& tx) {
    int rollbacks = 0;
    for (const journal::Run& run : runs_since(tx, WallTime())) {
      EXPECT_EQ(run.outcome, "done") << run.detail;
      if (run.action == "rollback") ++rollbacks;
      std::int64_t token = 0;
      for (const journal::Step& step : steps_of(tx, run.id)) {
        EXPECT_GT(step.token, token);
        token = step.token;
        EXPECT_TRUE(step.ended_at) << step.name << " has no end";
        EXPECT_TRUE(step.outcome != "unknown" || !step.finding.empty())
            << step.name << " was not checked";
      }
    }
    EXPECT_EQ(rollbacks, 1);
    const Ledger ledger = load_ledger(tx);
    ASSERT_NE(ledger.live(), nullptr);
    EXPECT_EQ(ledger.live()->release, "1");
    EXPECT_EQ(ledger.live()->kind, "rollback");
    EXPECT_TRUE(ledger.find("2")->poisoned_at);
    EXPECT_EQ(ledger.deployments.size(), 3u);

    std::multiset<std::string> audit;
    for (const auto& entry : read_audit(tx, WallTime(), 1000)) audit.insert(entry.what);
    for (const char* what : {"alert_firing", "rollback started", "rollback done", "poisoned"}) {
      EXPECT_EQ(audit.count(what), 1u) << what;
    }
    EXPECT_EQ(audit.count("act"), 2u) << "one for the deploy, one for the rollback";
  }));
}

TEST(KilledReceiver, AtEachChangeOfTheJournalEndsInTheSameState) {
  test::PostgresCluster cluster;
  Stage stage(cluster);
  stage.reset();
  const CommandResult whole = stage.run(0);
  ASSERT_TRUE(whole.ok()) << whole.describe();
  expect_rolled_back_once(stage);
  const int changes = std::stoi(whole.out);
  ASSERT_GE(changes, 20) << "facts, decision, and the start and end of four steps, each twice";

  for (int kill_at = 1; kill_at <= changes; ++kill_at) {
    SCOPED_TRACE("killed at change " + std::to_string(kill_at));
    stage.reset();
    const CommandResult killed = stage.run(kill_at);
    ASSERT_EQ(killed.how, CommandResult::How::signalled) << killed.describe();
    const CommandResult again = stage.run(0);
    ASSERT_TRUE(again.ok()) << again.describe();
    expect_rolled_back_once(stage);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace backstay
