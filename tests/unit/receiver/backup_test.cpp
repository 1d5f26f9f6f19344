// The backup around pg_dump; tests/integration/receiver/backup_test.cpp has a real one.

#include "receiver/actions/backup.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/looked_at_clock.h"
#include "tests/scripted_processes.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

namespace fs = std::filesystem;
using test::ScriptedProcesses;

constexpr const char* kUrl = "postgresql://ada:hunter2@db.example:5433/shop";

struct BackupTest : ::testing::Test {
  BackupTest() {
    run.id = 4;
    run.started_at = clock.now();
    run.release_from = "2";
    processes.on_run = [this](const Command& command) { return dump(command); };
  }
  // What pg_dump and pg_dumpall leave where --file says.
  CommandResult dump(const Command& command) {
    const std::string& argument = command.argv.back();
    const fs::path out = argument.substr(argument.find('=') + 1);
    if (command.argv.front() == "/opt/pg/pg_dump") {
      fs::create_directory(out);
      std::ofstream(out / "toc.dat") << "tables";
    } else {
      std::ofstream(out) << "CREATE ROLE ada;\n";
    }
    return ScriptedProcesses::exited(0);
  }
  Backup backup() {
    return {{dir, "/opt/pg", SecretSource::literal(Secret(kUrl)), std::chrono::minutes(5)},
            processes,
            clock};
  }
  StepResult perform(std::int64_t token = 17, const std::stop_token& stop = {}) {
    return backup().perform({run, event, token, stop});
  }
  CheckResult check(const std::stop_token& stop = {}) {
    return backup().check({run, event, 17, stop});
  }
  ReadingLimit limit() const { return {clock, clock.steady() + std::chrono::hours(1), {}}; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(dir)) {
      found.push_back(entry.path().filename().string());
    }
    return found;
  }

  test::TemporaryFolder folder;
  const std::string dir = folder.path("backups/shop");
  const std::string id = "20261123T080000Z-run4";
  test::LookedAtClock clock;
  ScriptedProcesses processes;
  journal::Run run;
  Event event;
};

// It may be writing, on a disk that does not answer.
TEST_F(BackupTest, OfAProgramThatCannotBeEndedNothingIsKnownAndItsFolderIsLeftAlone) {
  processes.on_run = [this](const Command& command) {
    dump(command);
    CommandResult result;
    result.how = CommandResult::How::unended;
    result.code = 4711;
    return result;
  };
  const StepResult result = perform();
  EXPECT_EQ(result.outcome, Outcome::unknown);
  EXPECT_NE(result.detail.find("process 4711"), std::string::npos) << result.detail;
  EXPECT_FALSE(fs::is_empty(dir));
}

TEST_F(BackupTest, IsAFolderOfItsOwnThatOnlyItsOwnerReads) {
  const StepResult result = perform();
  ASSERT_EQ(result.outcome, Outcome::done) << result.detail;
  EXPECT_EQ(result.detail, id + ", 23 bytes in 2 files");
  EXPECT_EQ(names(), std::vector<std::string>{id});
  struct stat info {};
  ASSERT_EQ(::stat((dir + "/" + id).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  EXPECT_TRUE(check_backup(dir + "/" + id, limit()));
}

TEST_F(BackupTest, TheAddressIsInTheEnvironmentAsASecretAndNowhereElse) {
  perform();
  ASSERT_EQ(processes.commands.size(), 2u);
  EXPECT_EQ(processes.commands[1].argv.front(), "/opt/pg/pg_dumpall");
  for (const Command& command : processes.commands) {
    for (const std::string& argument : command.argv) {
      EXPECT_EQ(argument.find("hunter2"), std::string::npos);
      EXPECT_EQ(argument.find("db.example"), std::string::npos);
    }
    for (const auto& [name, value] : command.environment) {
      EXPECT_EQ(value.find("hunter2"), std::string::npos) << name;
    }
    std::map<std::string, std::string> secret;
    for (const auto& [name, value] : command.secret_environment) secret[name] = value.reveal();
    EXPECT_EQ(secret["PGPASSWORD"], "hunter2");
    EXPECT_EQ(secret["PGHOST"], "db.example");
    EXPECT_EQ(secret["PGPORT"], "5433");
    EXPECT_EQ(secret["PGDATABASE"], "shop");
    EXPECT_EQ(command.deadline, std::chrono::minutes(5));
  }
}

TEST_F(BackupTest, EachProgramIsToldWhichAttemptItIsOf) {
  perform(23);
  for (const Command& command : processes.commands) {
    const std::map<std::string, std::string> told(command.environment.begin(),
                                                  command.environment.end());
    EXPECT_EQ(told.at("BACKSTAY_FENCING_TOKEN"), "23");
    EXPECT_EQ(told.count("BACKSTAY_RUN"), 1u);
  }
}

TEST_F(BackupTest, NeverAsksForAPasswordAndNeverWaitsLongForALock) {
  perform();
  const auto has = [&](std::size_t command, const std::string& argument) {
    const auto& argv = processes.commands.at(command).argv;
    return std::find(argv.begin(), argv.end(), argument) != argv.end();
  };
  EXPECT_TRUE(has(0, "--no-password"));
  EXPECT_TRUE(has(0, "--format=directory"));
  EXPECT_TRUE(has(0, "--lock-wait-timeout=60s"));
  EXPECT_TRUE(has(1, "--no-password"));
  EXPECT_TRUE(has(1, "--globals-only"));
  EXPECT_TRUE(has(1, "--no-role-passwords"));
}

TEST_F(BackupTest, ThatFailsLeavesNothingAndSaysWhy) {
  processes.on_run = [this](const Command& command) {
    dump(command);
    return ScriptedProcesses::exited(1, "", "pg_dump: error: out of disk space\n");
  };
  const StepResult result = perform();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "/opt/pg/pg_dump: exit status 1: pg_dump: error: out of disk space");
  EXPECT_TRUE(names().empty());
  EXPECT_EQ(check().finding, Finding::not_done);
}

TEST_F(BackupTest, ThatIsStoppedIsUnknownAndThenNotThere) {
  std::stop_source stop;
  processes.on_run = [&](const Command& command) {
    dump(command);
    stop.request_stop();
    return ScriptedProcesses::ended(CommandResult::How::stopped);
  };
  EXPECT_EQ(perform(17, stop.get_token()).outcome, Outcome::unknown);
  EXPECT_EQ(check().finding, Finding::not_done);
}

// After the dump, which took its part of the time, while its files are read.
TEST_F(BackupTest, ThatIsStoppedWhileItsChecksumsAreMadeIsUnknownAndThenNotThere) {
  std::stop_source stop;
  processes.on_run = [&](const Command& command) {
    if (command.argv.front() == "/opt/pg/pg_dumpall") {
      clock.on_look = [&](int) { stop.request_stop(); };
    }
    return dump(command);
  };
  const StepResult result = perform(17, stop.get_token());
  EXPECT_EQ(result.outcome, Outcome::unknown);
  EXPECT_EQ(result.detail.rfind("stopped while reading ", 0), 0u) << result.detail;
  EXPECT_TRUE(names().empty());
  EXPECT_EQ(check().finding, Finding::not_done);
}

TEST_F(BackupTest, TheTimeoutIsForTheDumpsAndTheChecksumsTogether) {
  processes.on_run = [&](const Command& command) {
    clock.advance(std::chrono::minutes(2));
    return dump(command);
  };
  EXPECT_EQ(perform().outcome, Outcome::done);
  EXPECT_EQ(processes.commands.at(0).deadline, std::chrono::minutes(5));
  EXPECT_EQ(processes.commands.at(1).deadline, std::chrono::minutes(3));
  run.id = 5;
  processes.on_run = [&](const Command& command) {
    clock.advance(std::chrono::minutes(2) + std::chrono::seconds(30));
    return dump(command);
  };
  const StepResult result = perform();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail.rfind("no end within its deadline: was reading ", 0), 0u)
      << result.detail;
  EXPECT_EQ(names(), std::vector<std::string>{id}) << "the one before it";
}

TEST_F(BackupTest, ACheckThatIsStoppedOrTakesTooLongKnowsNothing) {
  perform();
  std::stop_source stop;
  stop.request_stop();
  const CheckResult stopped = check(stop.get_token());
  EXPECT_EQ(stopped.finding, Finding::unknown);
  EXPECT_EQ(stopped.detail.rfind("stopped while reading ", 0), 0u) << stopped.detail;
  clock.on_look = [&](int) { clock.advance(std::chrono::minutes(6)); };
  const CheckResult late = check();
  EXPECT_EQ(late.finding, Finding::unknown);
  EXPECT_EQ(late.detail.rfind("no end within its deadline", 0), 0u) << late.detail;
}

TEST_F(BackupTest, WhatACrashLeftGoesAwayWithTheNextAttempt) {
  fs::create_directories(dir + "/" + id + ".partial-3/database");
  std::ofstream(dir + "/" + id + ".partial-3/database/toc.dat") << "half";
  fs::create_directories(dir + "/another-run.partial-9");
  EXPECT_EQ(perform().outcome, Outcome::done);
  auto left = names();
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{id, "another-run.partial-9"}));
}

TEST_F(BackupTest, WhatACrashLeftGoesAwayWithTheCheckToo) {
  fs::create_directories(dir + "/" + id + ".partial-3/database");
  EXPECT_EQ(check().finding, Finding::not_done);
  EXPECT_TRUE(names().empty());
}

TEST_F(BackupTest, OneThatIsThereIsFoundAndItsChecksumsCompared) {
  perform();
  const CheckResult complete = check();
  EXPECT_EQ(complete.finding, Finding::done);
  EXPECT_EQ(complete.detail, "backup " + id + " is complete, its checksums match");
  std::ofstream(dir + "/" + id + "/database/toc.dat", std::ios::app) << "x";
  const CheckResult damaged = check();
  EXPECT_EQ(damaged.finding, Finding::unknown);
  EXPECT_EQ(damaged.detail, "database/toc.dat in " + dir + "/" + id + " is not as backed up");
}

TEST_F(BackupTest, AFileThatIsGoneIsFoundMissing) {
  perform();
  fs::remove(dir + "/" + id + "/globals.sql");
  const auto checked = check_backup(dir + "/" + id, limit());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "globals.sql in " + dir + "/" + id + " is not as backed up");
}

TEST_F(BackupTest, AFolderThatCannotBeLookedAtIsUnknownAndNoException) {
  fs::create_directories(folder.path("backups"));
  fs::create_symlink("shop", dir);
  CheckResult result;
  EXPECT_NO_THROW(result = check());
  EXPECT_EQ(result.finding, Finding::unknown);
}

TEST_F(BackupTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder.path("backups")) << "a file in its place";
  const StepResult result = perform();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail.rfind("cannot create " + dir, 0), 0u) << result.detail;
  EXPECT_TRUE(processes.commands.empty());
}

TEST_F(BackupTest, AnAddressThatCannotBeReadIsTold) {
  Backup without({dir, "/opt/pg", SecretSource::file("/nowhere/url"), std::chrono::minutes(5)},
                 processes, clock);
  const StepResult result = without.perform({run, event, 17, {}});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "/nowhere/url: No such file or directory");
  EXPECT_TRUE(names().empty());
}

TEST_F(BackupTest, TheListHasCompleteOnesNewestFirst) {
  perform();
  clock.advance(std::chrono::hours(1));
  run.id = 5;
  run.started_at = clock.now();
  perform();
  fs::create_directories(dir + "/20261123T100000Z-run6.partial-20");
  fs::create_directories(dir + "/20261123T110000Z-run7");
  fs::create_directories(dir + "/20261123T120000Z-run8/manifest.json");
  std::ofstream(dir + "/notes.txt") << "someone's notes";
  const auto entries = list_backups(dir);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].id, "20261123T090000Z-run5");
  EXPECT_EQ(entries[1].id, id);
  EXPECT_EQ(entries[1].release, "2");
  EXPECT_EQ(entries[1].bytes, 23u);
  EXPECT_EQ(entries[1].created_at, run.started_at - std::chrono::hours(1));
}

TEST_F(BackupTest, AFolderThatIsNotThereHoldsNone) {
  EXPECT_TRUE(list_backups(folder.path("nowhere")).empty());
}

}  // namespace
}  // namespace backstay
