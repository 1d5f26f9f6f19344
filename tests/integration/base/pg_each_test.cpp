#include <string>
#include <utility>
#include <vector>

#include "tests/integration/base/pg_test_case.h"

namespace backstay::pg {
namespace {

using Answers = std::vector<std::string>;

// Queries that go together.
class PgEachTest : public PgTest {
 protected:
  // The same of each of several; checks that each is told of once, and in order.
  static Answers ask_each(Connection& connection, const std::vector<std::string>& sql,
                          const Limits& within = limits()) {
    Answers answers;
    connection.query_each(sql, within, [&answers](std::size_t which, Result<Rows> rows) {
      EXPECT_EQ(which, answers.size());
      if (!rows) {
        answers.push_back("error: " + rows.error().message);
      } else {
        answers.emplace_back(rows->size() == 0 ? "no row" : rows->at(0, 0).value_or("NULL"));
      }
    });
    return answers;
  }
};

TEST_F(PgEachTest, SeveralQueriesShareATransaction) {
  Connection connection = connect();
  const std::string when = "SELECT xact_start FROM pg_stat_activity WHERE pid = pg_backend_pid()";
  const Answers answers =
      ask_each(connection, {when, "SELECT 1", when, "SELECT current_setting('statement_timeout')"});
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0], answers[2]);
  EXPECT_EQ(answers[1], "1");
  EXPECT_EQ(answers[3], "30s");
  EXPECT_NE(ask(connection, when), answers[0]);
  EXPECT_EQ(ask_each(connection, {}), Answers());
  EXPECT_EQ(ask_each(connection, {"SELECT 7"}), Answers{"7"});
}

TEST_F(PgEachTest, OneOfSeveralThatFailsCostsOnlyItself) {
  Connection connection = connect();
  const std::string no_division = "error: ERROR:  division by zero (22012)";
  const std::string too_late =
      "error: ERROR:  canceling statement due to statement timeout (57014)";
  EXPECT_EQ(
      ask_each(connection, {"SELECT 1/0", "SELECT 1", "SELECT 1/0", "SELECT 1/0", "SELECT 2"}),
      (Answers{no_division, "1", no_division, no_division, "2"}));
  EXPECT_EQ(ask_each(connection, {"SELECT 1", "SELECT 1/0"}), (Answers{"1", no_division}));
  EXPECT_EQ(ask_each(connection, {"SELECT pg_sleep(600)", "SELECT 1"}, limits(milliseconds(100))),
            (Answers{too_late, "1"}));
  EXPECT_EQ(
      ask_each(connection, {"COMMIT; SELECT 1", "CREATE TABLE written (n int)"}),
      (Answers{"error: ERROR:  cannot insert multiple commands into a prepared statement (42601)",
               "error: ERROR:  cannot execute CREATE TABLE in a read-only transaction (25006)"}));
  EXPECT_FALSE(connection.broken());
  EXPECT_EQ(ask(connection, "SELECT pg_current_xact_id_if_assigned()"), "NULL");
}

TEST_F(PgEachTest, NoneOfSeveralSeesTheLocksOfAnother) {
  Connection connection = connect();
  const std::string locks =
      "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = "
      "'pg_database'::regclass";
  EXPECT_EQ(ask_each(connection, {"SELECT count(*) > 0 FROM pg_database", locks}),
            (Answers{"t", "0"}));
}

TEST_F(PgEachTest, WhereTheConnectionBreaksAllThatAreLeftAreTold) {
  Connection connection = connect();
  const std::string kill = "SELECT pg_terminate_backend(pg_backend_pid())";
  const Answers answers = ask_each(connection, {"SELECT 1", kill, "SELECT 2", "SELECT 3"});
  EXPECT_TRUE(connection.broken());
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0], "1");
  for (std::size_t i = 1; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i],
              "error: FATAL:  terminating connection due to administrator command (57P01)");
  }
  EXPECT_EQ(ask_each(connection, {"SELECT 1"}), Answers{"error: the connection is broken"});
}

TEST_F(PgEachTest, TheDeadlineOfSeveralIsOneForAll) {
  Connection connection = connect();
  const Answers answers = ask_each(connection, {"SELECT 1", "SELECT pg_sleep(600)", "SELECT 2"},
                                   limits(seconds(30), milliseconds(300)));
  const std::string late = "error: no answer within the deadline";
  EXPECT_EQ(answers, (Answers{"1", late, late}));
  EXPECT_TRUE(connection.broken());
}

}  // namespace
}  // namespace backstay::pg
