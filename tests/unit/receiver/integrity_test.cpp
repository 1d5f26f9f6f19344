#include "receiver/journal/integrity.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "receiver/control.h"
#include "tests/journal_damage.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay::journal {
namespace {

struct IntegrityTest : test::WorkerFixture {
  void reopen() {
    auto opened = Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
  }
  void damage(const std::string& text) {
    database.reset();
    ASSERT_GT(test::damage_pages_with(folder.path("journal.db"), text), 0);
  }
  // What the start says of a copy of the journal in which the first page of a table is damaged.
  std::string damage_in(const std::string& table) {
    const std::string copy = folder.path(table + ".db");
    std::int64_t page = 0;
    change([&](Transaction& tx) {
      tx.prepare("COMMIT").run();
      tx.prepare("VACUUM INTO ?").bind(copy).run();
      tx.prepare("ATTACH ? AS copy").bind(copy).run();
      {
        Statement root = tx.prepare("SELECT rootpage FROM copy.sqlite_master WHERE name = ?");
        if (root.bind(table).next()) page = root.integer(0);
      }
      tx.prepare("DETACH copy").run();
      tx.prepare("BEGIN").run();
    });
    if (page > 0) test::damage_page(copy, static_cast<std::size_t>(page));
    const auto opened = Database::open(copy);
    return opened ? (*opened)->damage() : opened.error().message;
  }
  void sql(const std::string& text) {
    change([&](Transaction& tx) { tx.prepare(text).run(); });
  }
  // The newest rows are looked at at the start; what is there already is behind them.
  void behind_the_newest() {
    sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500) "
        "INSERT INTO events (received_at, source, dedupe_key, kind, actor, release, subject, "
        "labels) SELECT 0, 'bulk', i, 'alert_resolved', '', '', '', '{}' FROM n");
  }
  void keep_no_foreign_keys() {
    const auto done = database->read([](Transaction& tx) {
      tx.prepare("COMMIT").run();
      tx.prepare("PRAGMA foreign_keys=OFF").run();
      tx.prepare("BEGIN").run();
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  // "check: what", of the file as it is now, by name.
  std::vector<std::string> problems() {
    std::vector<std::string> told;
    auto opened = Database::open_to_read(folder.path("journal.db"));
    if (!opened) return {opened.error().message};
    const auto read = (*opened)->read([&](Transaction& tx) {
      for (const Problem& problem : check_all(tx))
        told.push_back(problem.check + ": " + problem.what);
    });
    if (!read) told.push_back(read.error().message);
    std::sort(told.begin(), told.end());
    return told;
  }
  bool can_write() {
    return database->write([](Transaction& tx) { count_undecided(tx); }).has_value();
  }
};
using Strings = std::vector<std::string>;

TEST_F(IntegrityTest, AJournalThatWorkedIsWhole) {
  go_live_with_two();
  append(alert("a"));
  work();
  append(alert("b"));
  EXPECT_EQ(problems(), Strings{});
  database.reset();
  reopen();
  EXPECT_EQ(database->damage(), "");
  EXPECT_TRUE(can_write());
}

TEST_F(IntegrityTest, ADamagedLedgerIsFoundAtTheStartAndNothingIsDone) {
  go_live_with_two();
  damage("the first");  // the reason of a change
  reopen();
  EXPECT_NE(database->damage().find("the file is damaged: table changes: "), std::string::npos)
      << database->damage();
  EXPECT_NE(database->damage().find("backstay journal check"), std::string::npos);
  EXPECT_FALSE(can_write());
  EXPECT_FALSE(database->read([](Transaction&) {}));
  ASSERT_FALSE(problems().empty());
  for (const std::string& problem : problems()) {
    EXPECT_EQ(problem.find('\n'), std::string::npos) << problem;
    EXPECT_EQ(problem.find("***"), std::string::npos) << "a heading of SQLite's: " << problem;
  }
}

TEST_F(IntegrityTest, DamageInTheNewestRowsOfAnyTableIsFoundAtTheStart) {
  go_live_with_two();
  EXPECT_EQ(damage_in("no such table"), "");
  for (const char* table : {"releases", "deployments", "runs", "steps", "changes", "undecided",
                            "approvals", "totals", "events", "facts", "decisions", "outbox"}) {
    EXPECT_NE(damage_in(table), "") << table;
  }
}

TEST_F(IntegrityTest, AFileThatIsNoJournalIsDamagedToo) {
  database.reset();
  std::ofstream(folder.path("journal.db"), std::ios::binary) << std::string(8192, 'x');
  reopen();
  EXPECT_NE(database->damage(), "");
  EXPECT_FALSE(can_write());
}

// SQLite would take the end that is missing for zeros, and the last page for one without these
// rows.
TEST_F(IntegrityTest, AFileThatIsCutOffWithinItsLastPageIsDamaged) {
  go_live_with_two();
  database.reset();
  const auto size = std::filesystem::file_size(folder.path("journal.db"));
  std::filesystem::resize_file(folder.path("journal.db"), size - 1);
  EXPECT_EQ(problems(), Strings{"integrity: it is cut off within a page: " +
                                std::to_string(size - 1) + " bytes, and pages have 4096"});
  reopen();
  EXPECT_NE(database->damage().find("cut off within a page"), std::string::npos)
      << database->damage();
  EXPECT_FALSE(can_write());
}

// A copy of the log into the file that was not finished leaves the page in the log.
TEST_F(IntegrityTest, APageThatIsStillInTheLogMayBeUnfinishedInTheFile) {
  go_live_with_two();
  for (const char* name : {"journal.db", "journal.db-wal"}) {
    std::filesystem::copy_file(folder.path(name), folder.path(std::string("copy-of-") + name));
  }
  database.reset();
  const std::string copy = folder.path("copy-of-journal.db");
  std::ofstream(copy, std::ios::binary | std::ios::app) << std::string(100, 'x');
  auto opened = Database::open(copy);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->damage(), "");
}

TEST_F(IntegrityTest, DamageThatIsMetLaterEndsAllActing) {
  for (int i = 0; i < 3; ++i) append(alert("slot-" + std::to_string(i)));
  work();
  behind_the_newest();
  damage("slot-1");
  reopen();
  EXPECT_EQ(database->damage(), "");
  EXPECT_FALSE(database->read([](Transaction& tx) { find_event(tx, 1); }));
  EXPECT_NE(database->damage(), "");
  EXPECT_FALSE(can_write()) << "what else is wrong with such a file, nobody knows";
}

// The audit reads by a connection of its own, and all of the past.
TEST_F(IntegrityTest, DamageThatAnAuditMeetsEndsAllActingToo) {
  append(alert("slot-1"));
  work();
  behind_the_newest();
  damage("slot-1");
  reopen();
  const ReceiverConfig config{
      .service = "shop",
      .state_dir = folder.path(),
      .backups = {folder.path("backups"), "/opt/pg", SecretSource::literal(Secret("hunter2"))},
      .prometheus_url = {},
      .webhooks = {},
      .policy = {},
      .driver = {},
      .verify = {},
      .confirm = {},
      .notify = {}};
  Control control(config, *database, driver, kill_switch, facts, clock, []() {});
  EXPECT_EQ(database->damage(), "");
  EXPECT_TRUE(control.handle("audit", {{"limit", 1'000'000}}).contains("error"));
  EXPECT_NE(database->damage(), "");
  EXPECT_FALSE(can_write());
}

TEST_F(IntegrityTest, AnEventThatFellOutOfTheQueueIsFound) {
  append(alert("a"));
  sql("DELETE FROM undecided");
  EXPECT_EQ(problems(), Strings{"an event has one decision, or waits for it: "
                                "event 1 has no decision and does not wait"});
}

TEST_F(IntegrityTest, ADecidedEventThatWaitsAgainIsFound) {
  append(alert("a"));
  work();
  sql("INSERT INTO undecided VALUES (1)");
  EXPECT_EQ(problems(), Strings{"an event has one decision, or waits for it: "
                                "event 1 has a decision and waits for one"});
}

TEST_F(IntegrityTest, ARunThatIsGoneIsFoundFromBothSides) {
  go_live_with_two();
  keep_no_foreign_keys();
  sql("DELETE FROM steps WHERE name != 'verify'");
  sql("DELETE FROM runs");
  EXPECT_EQ(problems(),
            (Strings{"foreign keys: deployments row 2 points to a row of runs that is not there",
                     "foreign keys: steps row 4 points to a row of runs that is not there",
                     "what is acted on has a run: event 1 was to be acted on and has no run"}));
}

TEST_F(IntegrityTest, AnEndWithoutAnOutcomeIsFound) {
  go_live_with_two();
  sql("UPDATE runs SET outcome = NULL");
  sql("UPDATE steps SET outcome = NULL WHERE token = 2");
  sql("UPDATE steps SET ended_at = NULL, outcome = NULL WHERE token = 3");
  EXPECT_EQ(problems(),
            (Strings{"a run has an outcome when it has ended: run 1 has ended without an outcome",
                     "a run that has ended has no step without an end: step 3 of run 1 has no end",
                     "a step has an outcome when it has ended: "
                     "step 2 of run 1 has ended without an outcome"}));
}

TEST_F(IntegrityTest, AnOutcomeWithoutAnEndIsFound) {
  go_live_with_two();
  sql("UPDATE runs SET ended_at = NULL");
  sql("UPDATE steps SET ended_at = NULL WHERE token = 2");
  EXPECT_EQ(
      problems(),
      (Strings{"a run has an outcome when it has ended: run 1 has an outcome and no end",
               "a step has an outcome when it has ended: step 2 of run 1 has an outcome and no "
               "end"}));
}

TEST_F(IntegrityTest, OfManyOfOneKindAHundredAreTold) {
  for (int i = 0; i < 101; ++i) append(alert(std::to_string(i)));
  sql("DELETE FROM undecided");
  EXPECT_EQ(problems().size(), 100U);
}

TEST_F(IntegrityTest, ACheckThatCannotBeMadeIsAProblemAndTheOthersAreMade) {
  go_live_with_two();
  sql("DROP TRIGGER event_waits");
  sql("DROP TRIGGER event_is_decided");
  sql("DROP TABLE undecided");
  sql("UPDATE runs SET outcome = NULL");
  EXPECT_EQ(problems(),
            (Strings{"a run has an outcome when it has ended: run 1 has ended without an outcome",
                     "an event has one decision, or waits for it: cannot be looked at: no such "
                     "table: undecided"}));
}

TEST_F(IntegrityTest, TokensThatDoNotGrowAreFound) {
  go_live_with_two();
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  sql("UPDATE steps SET token = 0 WHERE run_id = 2");
  EXPECT_EQ(problems(), Strings{"fencing tokens grow from run to run: "
                                "run 2 has token 0, an earlier run 4"});
  sql("UPDATE steps SET token = 5 WHERE run_id = 2");
  sql("UPDATE sqlite_sequence SET seq = 4 WHERE name = 'steps'");
  EXPECT_EQ(problems(), Strings{"the next fencing token is larger than any before: "
                                "token 5 was given, and the next would be 5"});
  sql("DELETE FROM sqlite_sequence WHERE name = 'steps'");
  EXPECT_EQ(problems(), Strings{"the next fencing token is larger than any before: "
                                "token 5 was given, and the next would be 1"});
}

TEST_F(IntegrityTest, AFileOfAnotherVersionIsSaidSo) {
  append(alert("a"));
  sql("DELETE FROM undecided");
  sql("PRAGMA user_version=1");
  EXPECT_EQ(problems(),
            Strings{"schema: the file has version 1, this program knows 6; what should hold beyond "
                    "it was not looked at"});
}

}  // namespace
}  // namespace backstay::journal
