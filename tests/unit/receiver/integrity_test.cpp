#include "receiver/journal/integrity.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

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
  void sql(const std::string& text) {
    change([&](Transaction& tx) { tx.prepare(text).run(); });
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
  EXPECT_FALSE(problems().empty());
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
  // The newest rows are looked at, these are behind them.
  sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500) "
      "INSERT INTO events (received_at, source, dedupe_key, kind, actor, release, subject, labels) "
      "SELECT 0, 'bulk', i, 'alert_resolved', '', '', '', '{}' FROM n");
  damage("slot-1");
  reopen();
  EXPECT_EQ(database->damage(), "");
  EXPECT_FALSE(database->read([](Transaction& tx) { find_event(tx, 1); }));
  EXPECT_NE(database->damage(), "");
  EXPECT_FALSE(can_write()) << "what else is wrong with such a file, nobody knows";
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

TEST_F(IntegrityTest, TokensThatDoNotGrowAreFound) {
  go_live_with_two();
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  sql("UPDATE steps SET token = 0 WHERE run_id = 2");
  EXPECT_EQ(problems(), Strings{"fencing tokens grow from run to run: "
                                "run 2 has token 0, an earlier run 4"});
  sql("UPDATE steps SET token = 5 WHERE run_id = 2");
  sql("DELETE FROM sqlite_sequence WHERE name = 'steps'");
  EXPECT_EQ(problems(), Strings{"the next fencing token is larger than any before: "
                                "token 5 was given, and the next would be 1"});
}

TEST_F(IntegrityTest, AFileOfAnotherVersionIsSaidSo) {
  sql("PRAGMA user_version=1");
  EXPECT_EQ(problems(),
            Strings{"schema: the file has version 1, this program knows 5; what should hold beyond "
                    "it was not looked at"});
}

}  // namespace
}  // namespace backstay::journal
