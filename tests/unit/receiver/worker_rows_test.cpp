// The worker and rows that cannot be read, or are not taken by the journal: whatever stands in one,
// it is decided, and those behind it are too.

#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Strings = std::vector<std::string>;

struct WorkerRowsTest : test::WorkerFixture {
  void sql(const std::string& text) {
    change([&](journal::Transaction& tx) { tx.prepare(text).run(); });
  }
  // The journal takes no row of the table for which the condition holds, and says so.
  void refuse_rows(const std::string& table, const std::string& condition = "1") {
    sql("CREATE TRIGGER refuses BEFORE INSERT ON " + table + " WHEN " + condition +
        " BEGIN SELECT RAISE(ABORT, 'not taken'); END");
  }
  void expect_next_is_done() {
    const auto next = append(asks(EventKind::backup_requested, "", "cli")).value_or(0);
    work();
    EXPECT_EQ(decision(next).verdict, "act");
    EXPECT_EQ(last_run("backup").outcome, "done");
    EXPECT_EQ(undecided(), 0);
  }
};

TEST_F(WorkerRowsTest, WhatCannotBeReadIsRefusedAndTheNextIsDecided) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"kind = 'dance'", "its kind is none that is known"},
      {"labels = '{'", "its labels are no JSON object of texts"},
      {"labels = '[1]'", "its labels are no JSON object of texts"},
      {"labels = '{\"a\": 1}'", "its labels are no JSON object of texts"},
      {"release = '--force'", "its release has no name that can be one"}};
  for (const auto& [change_of_row, why] : cases) {
    const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
    sql("UPDATE events SET " + change_of_row + " WHERE id = " + std::to_string(id));
    work();
    EXPECT_EQ(decision(id).verdict, "refuse") << change_of_row;
    EXPECT_EQ(decision(id).reason, "undecidable") << change_of_row;
    EXPECT_EQ(decision(id).explanation, "event " + std::to_string(id) + " cannot be read: " + why);
  }
  EXPECT_TRUE(driver.calls().empty());
  EXPECT_TRUE(was_told("critical: shop: an event cannot be decided"));
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, UnreadableDetailsAreNoneAndMeanThatItIsNotRollbackSafe) {
  for (const char* details : {"{", "[]", R"({"commit_times": ["10000-01-01T00:00:00.000Z"]})"}) {
    const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
    change([&](journal::Transaction& tx) {
      tx.prepare("UPDATE events SET details = ? WHERE id = ?").bind(details).bind(id).run();
    });
  }
  work();
  EXPECT_EQ(last_run("deploy").outcome, "done");
  EXPECT_FALSE(ledger().find("2")->rollback_safe);
  append(alert("a"));
  work();
  EXPECT_EQ(*driver.current(), "2") << "nobody knows whether it may be rolled back over";
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, UnreadableDetailsOfAReleaseAreNoneAndItsColumnHolds) {
  go_live_with_two();
  sql("UPDATE releases SET details = '{', good_at = 'once' WHERE name = '2'");
  Event told = asks(EventKind::deploy_succeeded, "2");
  told.details.commit = "1a2b3c4d";
  append(told);
  work();
  EXPECT_EQ(undecided(), 0);
  EXPECT_TRUE(ledger().find("2")->rollback_safe);
  EXPECT_FALSE(ledger().find("2")->good_at) << "a time that is none is no sign of good";
  change([](journal::Transaction& tx) { EXPECT_EQ(load_details(tx)["2"].commit, "1a2b3c4d"); });
}

TEST_F(WorkerRowsTest, WhetherItMayBeRolledBackOverCannotBeReadMeansNo) {
  go_live_with_two();
  sql("UPDATE releases SET rollback_safe = 'perhaps' WHERE name = '2'");
  const auto id = append(alert("a")).value_or(0);
  work();
  EXPECT_EQ(decision(id).reason, "not_rollback_safe");
}

TEST_F(WorkerRowsTest, ARunWhoseEventCannotBeReadIsBroughtToItsEnd) {
  append(asks(EventKind::deploy_requested, "2"));
  worker->work_once({});  // decided, not begun
  sql("UPDATE events SET labels = '{', kind = 'dance', details = '{'");
  work();
  EXPECT_EQ(last_run("deploy").outcome, "done");
  EXPECT_EQ(*driver.current(), "2");
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, ADecisionThatTheJournalDoesNotTakeBecomesARefusal) {
  refuse_rows("runs");
  const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
  work();
  EXPECT_EQ(decision(id).reason, "undecidable");
  EXPECT_EQ(decision(id).explanation, "event " + std::to_string(id) +
                                          " is not acted on: its decision could not be written: "
                                          "not taken");
  EXPECT_TRUE(was_told("critical: shop: an event cannot be decided"));
  EXPECT_TRUE(driver.calls().empty());
  sql("DROP TRIGGER refuses");
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, FactsThatTheJournalDoesNotTakeAreARefusalToo) {
  refuse_rows("facts");
  const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
  work();
  EXPECT_EQ(decision(id).reason, "undecidable");
  EXPECT_TRUE(driver.calls().empty());
}

TEST_F(WorkerRowsTest, WhereNotEvenTheMessageIsTakenTheRefusalIs) {
  refuse_rows("outbox");
  const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
  work();
  EXPECT_EQ(decision(id).reason, "undecidable");
}

TEST_F(WorkerRowsTest, OneOfABatchDoesNotTakeTheOthersWithIt) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(append(asks(EventKind::deploy_succeeded, "7")).value_or(0));
  }
  refuse_rows("decisions",
              "new.event_id = " + std::to_string(ids[2]) + " AND new.reason != 'undecidable'");
  work();
  for (const std::int64_t id : ids) {
    EXPECT_EQ(decision(id).reason, id == ids[2] ? "undecidable" : "happened_elsewhere");
  }
}

TEST_F(WorkerRowsTest, AnEventThatIsDecidedAndWaitsAllTheSameHoldsNobodyUp) {
  const auto id = append(asks(EventKind::deploy_succeeded, "7")).value_or(0);
  work();
  sql("INSERT INTO undecided VALUES (" + std::to_string(id) + ")");
  work();
  EXPECT_EQ(undecided(), 0);
  EXPECT_EQ(decision(id).reason, "happened_elsewhere") << "the one it had";
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, ARunThatCannotBeWrittenDownEndsAsUnknownAndAPersonIsCalled) {
  append(asks(EventKind::deploy_requested, "2"));
  refuse_rows("deployments");  // so that the end of the switch cannot be
  work();
  const journal::Run run = last_run("deploy");
  EXPECT_EQ(run.outcome, "unknown");
  EXPECT_EQ(run.detail, "what was done could not be written down; the log says why");
  EXPECT_EQ(steps(run), (Strings{"backup done", "stage done", "switch unknown"}));
  EXPECT_EQ(driver.calls(), (Strings{"stage 2", "switch 2"})) << "nothing after it, nothing twice";
  EXPECT_TRUE(was_told("error: shop: deploy of release 2 unknown"));
  sql("DROP TRIGGER refuses");
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, ARunWhoseEndIsNotTakenEndsWithoutWhatGoesWithIt) {
  append(asks(EventKind::backup_requested, "", "cli"));
  worker->work_once({});  // decided, and told
  refuse_rows("outbox");
  work();
  EXPECT_EQ(last_run("backup").outcome, "unknown");
  EXPECT_EQ(undecided(), 0);
  EXPECT_EQ(worker->problem(), "");
}

TEST_F(WorkerRowsTest, WhereOnlyWhatFollowsFromAnEndIsNotTakenAPersonIsCalled) {
  verify->on_perform = [](const StepContext&) {
    return StepResult{Outcome::failed, "health answers 503"};
  };
  append(asks(EventKind::deploy_requested, "2"));
  worker->work_once({});  // decided
  refuse_rows("events");  // the failed deploy is one
  work();
  EXPECT_EQ(last_run("deploy").outcome, "unknown");
  EXPECT_TRUE(was_told("error: shop: deploy of release 2 unknown"));
}

TEST_F(WorkerRowsTest, AnExceptionOfTheDriverIsAnAnswerThatDidNotCome) {
  driver.on_question = []() { throw std::runtime_error("no such luck"); };
  const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
  work();
  EXPECT_EQ(decision(id).reason, "live_unknown");
  EXPECT_NE(decision(id).explanation.find("no such luck"), std::string::npos);
  driver.on_question = nullptr;
  expect_next_is_done();
}

TEST_F(WorkerRowsTest, AJournalThatCannotBeAskedShowsAsNoProgress) {
  append(asks(EventKind::backup_requested, "", "cli"));
  sql("ALTER TABLE undecided RENAME TO gone");
  EXPECT_FALSE(worker->work_once({})) << "which makes the loop wait";
  EXPECT_EQ(worker->last_round_ms(), 0);
  EXPECT_EQ(backup->performed, 0);
}

TEST_F(WorkerRowsTest, WhatGoesOnBeingWrongIsToldOnceAndThenRarely) {
  append(asks(EventKind::backup_requested, "", "cli"));
  sql("ALTER TABLE undecided RENAME TO gone");
  const auto complaints_in = [&](std::chrono::milliseconds time) {
    ::testing::internal::CaptureStderr();
    for (const SteadyTime end = clock.steady() + time; clock.steady() < end;) {
      worker->work_once({});
      clock.advance(std::chrono::milliseconds(500));
    }
    const std::string log = ::testing::internal::GetCapturedStderr();
    return std::count(log.begin(), log.end(), '\n');
  };
  EXPECT_EQ(complaints_in(minutes(1)), 1);
  EXPECT_EQ(complaints_in(hours(1)), 6);
}

}  // namespace
}  // namespace backstay
