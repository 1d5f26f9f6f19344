// A backup of a real database: it is restored with PostgreSQL's own tools and without us, and the
// password of the database is nowhere where it could be read.

#include "receiver/actions/backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/integration/postgres_cluster.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPassword = "correct-horse-battery";
constexpr const char* kTables = R"sql(
CREATE TABLE invitations (id serial PRIMARY KEY, email text NOT NULL, accepted_at timestamptz,
                          note bytea, UNIQUE (email));
INSERT INTO invitations (email, accepted_at, note)
  SELECT 'user' || i || '@exämple.org', now() - i * interval '1 minute', decode(md5(i::text), 'hex')
    FROM generate_series(1, 5000) i;
CREATE TABLE answers (invitation integer REFERENCES invitations, answer jsonb);
INSERT INTO answers SELECT id, jsonb_build_object('yes', id % 2 = 0, 'text', E'a\tb\\') FROM invitations;
CREATE VIEW accepted AS SELECT count(*) FROM invitations WHERE accepted_at IS NOT NULL;
)sql";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A database shop with some thousand rows, and a role ada that needs its password. Programs are run
// through scripts that first note their own command line, as anyone on the machine can read it.
class RealBackup : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auth = new test::TemporaryFolder;
    ::chmod(auth->path().c_str(), 0755);
    std::ofstream(auth->path("hba.conf")) << "host all ada 127.0.0.1/32 scram-sha-256\n"
                                             "host all all 127.0.0.1/32 trust\n";
    cluster = new test::PostgresCluster({"hba_file='" + auth->path("hba.conf") + "'"});
    cluster->execute("CREATE ROLE ada SUPERUSER LOGIN PASSWORD '" + std::string(kPassword) + "'");
    cluster->execute("CREATE DATABASE shop");
    cluster->execute(kTables, "shop");
  }
  static void TearDownTestSuite() {
    delete cluster;
    delete auth;
  }

  RealBackup() {
    fs::create_directories(folder.path("bin"));
    for (const char* program : {"pg_dump", "pg_dumpall"}) {
      const std::string path = folder.path("bin/") + program;
      std::ofstream(path) << "#!/bin/sh\ncat /proc/$$/cmdline >> " << folder.path("cmdlines")
                          << "\nexec " << test::PostgresCluster::bin_dir() << "/" << program
                          << " \"$@\"\n";
      fs::permissions(path, fs::perms::owner_all);
    }
    run.id = 4;
    run.started_at = clock.now();
    run.release_from = "2";
  }
  [[nodiscard]] std::string url_of_ada(const std::string& password) const {
    std::string url = cluster->url("shop");
    return url.replace(url.find("postgres@"), 9, "ada:" + password + "@");
  }
  Backup backup(const std::string& url,
                std::chrono::milliseconds timeout = std::chrono::minutes(1)) {
    return {
        {folder.path("backups"), folder.path("bin"), SecretSource::literal(Secret(url)), timeout},
        processes,
        clock};
  }
  StepResult perform(const std::string& url, const std::stop_token& stop = {}) {
    return backup(url).perform({run, event, 17, stop});
  }
  [[nodiscard]] ReadingLimit limit() const {
    return {clock, clock.steady() + std::chrono::minutes(1), {}};
  }
  [[nodiscard]] fs::path complete() const { return folder.path("backups/") + backup_id(run); }
  [[nodiscard]] bool is_empty() const { return fs::is_empty(folder.path("backups")); }

  // All rows of a table in one number, whatever their order on disk.
  std::string rows(const std::string& database, const std::string& table) {
    auto connection =
        pg::Connection::open(Secret(cluster->url(database)), std::chrono::seconds(10));
    if (!connection) return connection.error().message;
    const auto found = connection->query(
        "SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM " + table +
            " t",
        {std::chrono::seconds(10), std::chrono::seconds(1),
         clock.steady() + std::chrono::minutes(1)});
    return found ? std::string(found->at(0, 0).value_or("")) : found.error().message;
  }

  static inline test::TemporaryFolder* auth = nullptr;
  static inline test::PostgresCluster* cluster = nullptr;
  test::TemporaryFolder folder;
  SystemClock clock;
  SystemProcessRunner processes;
  journal::Run run;
  Event event;
};

TEST_F(RealBackup, IsRestoredByPgRestoreAloneWithEachRow) {
  const StepResult result = perform(cluster->url("shop"));
  ASSERT_EQ(result.outcome, Outcome::done) << result.detail;
  ASSERT_TRUE(check_backup(complete().string(), limit()));

  cluster->execute("CREATE DATABASE restored");
  Command restore;
  restore.argv = {test::PostgresCluster::bin_dir() + "/pg_restore", "--exit-on-error",
                  "--dbname=" + cluster->url("restored"), (complete() / "database").string()};
  const CommandResult restored = processes.run(restore);
  ASSERT_TRUE(restored.ok()) << restored.describe();
  for (const char* table : {"invitations", "answers", "accepted"}) {
    const std::string before = rows("shop", table);
    EXPECT_EQ(rows("restored", table), before) << table;
    EXPECT_NE(before.find(' '), std::string::npos) << before;
  }
  EXPECT_EQ(rows("restored", "invitations").rfind("5000 ", 0), 0u);
  cluster->execute("DROP DATABASE restored");
}

TEST_F(RealBackup, KeepsTheRolesWithoutTheirPasswords) {
  ASSERT_EQ(perform(cluster->url("shop")).outcome, Outcome::done);
  const std::string globals = read_file(complete() / "globals.sql");
  EXPECT_NE(globals.find("CREATE ROLE ada;"), std::string::npos) << globals;
  EXPECT_EQ(globals.find("PASSWORD"), std::string::npos) << globals;
}

TEST_F(RealBackup, AFileThatWasDamagedIsFound) {
  ASSERT_EQ(perform(cluster->url("shop")).outcome, Outcome::done);
  for (const auto& entry : fs::recursive_directory_iterator(complete())) {
    if (!entry.is_regular_file() || entry.path().filename() == "manifest.json") continue;
    const std::string content = read_file(entry.path());
    std::string damaged = content;
    damaged[damaged.size() / 2] ^= 1;
    std::ofstream(entry.path(), std::ios::binary) << damaged;
    const auto checked = check_backup(complete().string(), limit());
    ASSERT_FALSE(checked) << entry.path();
    EXPECT_NE(checked.error().message.find(entry.path().filename().string()), std::string::npos);
    std::ofstream(entry.path(), std::ios::binary) << content;
    EXPECT_TRUE(check_backup(complete().string(), limit()));
  }
}

TEST_F(RealBackup, ThePasswordIsNeitherInTheFilesNorOnACommandLine) {
  ASSERT_EQ(perform(url_of_ada(kPassword)).outcome, Outcome::done);
  for (const auto& entry : fs::recursive_directory_iterator(complete())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()).find(kPassword), std::string::npos) << entry.path();
  }
  const std::string cmdlines = read_file(folder.path("cmdlines"));
  EXPECT_NE(cmdlines.find("pg_dumpall"), std::string::npos) << "they were noted";
  EXPECT_EQ(cmdlines.find(kPassword), std::string::npos) << cmdlines;
  EXPECT_EQ(cmdlines.find("127.0.0.1"), std::string::npos) << cmdlines;
}

TEST_F(RealBackup, AWrongPasswordFailsAndIsNotRepeated) {
  const StepResult result = perform(url_of_ada("wrong-horse"));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.detail.find("password authentication failed"), std::string::npos)
      << result.detail;
  EXPECT_EQ(result.detail.find("wrong-horse"), std::string::npos) << result.detail;
  EXPECT_EQ(read_file(folder.path("cmdlines")).find("wrong-horse"), std::string::npos);
  EXPECT_TRUE(is_empty()) << "nothing is left behind";
}

TEST_F(RealBackup, WithoutAPasswordNobodyIsAskedForOne) {
  std::string url = url_of_ada("x");
  url.replace(url.find(":x@"), 3, "@");
  const StepResult result = perform(url);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.detail.find("no password supplied"), std::string::npos) << result.detail;
}

// Of pg_dump's workers one meets the policy, and the last line is only that a worker died.
TEST_F(RealBackup, WhatAWorkerOfPgDumpMayNotReadIsTold) {
  cluster->execute("CREATE ROLE eve LOGIN IN ROLE pg_read_all_data");
  cluster->execute("CREATE DATABASE walled");
  cluster->execute("CREATE TABLE hidden (id int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY",
                   "walled");
  std::string url = cluster->url("walled");
  const StepResult result = perform(url.replace(url.find("postgres@"), 9, "eve@"));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.detail.find("row-level security policy for table \"hidden\""), std::string::npos)
      << result.detail;
  cluster->execute("DROP DATABASE walled");
}

TEST_F(RealBackup, ADatabaseThatIsDownFailsAndLeavesNothing) {
  cluster->stop();
  const StepResult result = perform(cluster->url("shop"));
  cluster->start();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.detail.find("exit status 1"), std::string::npos) << result.detail;
  EXPECT_TRUE(is_empty());
}

TEST_F(RealBackup, OfAFrozenDatabaseIsGivenUpAtItsDeadline) {
  cluster->freeze();
  const StepResult result =
      backup(cluster->url("shop"), std::chrono::milliseconds(300)).perform({run, event, 17, {}});
  cluster->thaw();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_TRUE(is_empty());
}

TEST_F(RealBackup, StoppedItIsUnknownAndTheCheckFindsNone) {
  std::stop_source stop;
  stop.request_stop();
  cluster->freeze();
  const StepResult result = perform(cluster->url("shop"), stop.get_token());
  cluster->thaw();
  EXPECT_EQ(result.outcome, Outcome::unknown);
  EXPECT_EQ(backup(cluster->url("shop")).check({run, event, 17, {}}).finding, Finding::not_done);
  EXPECT_TRUE(is_empty());
}

}  // namespace
}  // namespace backstay
