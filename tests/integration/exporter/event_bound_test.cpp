#include "exporter/collectors/events/event_bound.h"

#include <fstream>

#include "tests/integration/exporter/event_fixture.h"
#include "tests/integration/psql_session.h"

namespace backstay::collectors {
namespace {

using test::PsqlSession;

// What may become final while others are at work.
struct EventBoundTest : EventFixture {
  EventBoundTest() : EventFixture(*server) {}
  static void SetUpTestSuite() {
    server = std::make_unique<test::PostgresCluster>(
        std::vector<std::string>{"max_prepared_transactions=5"});
    server->execute(
        "CREATE ROLE watcher LOGIN; CREATE ROLE monitor LOGIN IN ROLE pg_monitor;"
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO watcher, monitor");
    server->execute("CREATE DATABASE elsewhere");
  }
  static void TearDownTestSuite() { server.reset(); }
  std::string holds() const {
    std::string text;
    for (const Hold hold : kHolds) {
      const auto value = status("held", to_string(hold));
      if (!value) return "unknown";
      if (*value == 1) text += to_string(hold) + " ";
    }
    return text;
  }
  double final_before() const { return status("final_before_timestamp_seconds").value_or(-1); }
  // Some counts, between which others insert; each must be exact.
  void count_others(int& expected) {
    for (int i = 0; i < 5; ++i) {
      insert(3);
      expected += 3;
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      ASSERT_EQ(shown(), std::to_string(expected));
    }
  }
  static inline std::unique_ptr<test::PostgresCluster> server;
};

TEST_F(EventBoundTest, RowsOfALongTransactionAreCountedWhenItCommits) {
  insert(10, "now() - interval '1 hour'");
  PsqlSession writer(cluster, "postgres");
  writer.run("BEGIN; INSERT INTO events SELECT now() FROM generate_series(1, 7)");
  int expected = 10;
  count_others(expected);
  EXPECT_EQ(holds(), "");
  // Its rows are as old as its beginning: what began before it is final, and nothing after.
  EXPECT_EQ(status("tail_rows"), expected - 10);
  EXPECT_GT(status("tail_seconds").value_or(0), 0.3);
  writer.run("INSERT INTO events SELECT now() FROM generate_series(1, 5); COMMIT");
  EXPECT_EQ(shown(), std::to_string(expected + 12));
  settle();
  EXPECT_EQ(shown(), std::to_string(expected + 12));
}

TEST_F(EventBoundTest, AnAbortedTransactionLeavesNothing) {
  PsqlSession writer(cluster, "postgres");
  writer.run("BEGIN; INSERT INTO events SELECT now() FROM generate_series(1, 7)");
  int expected = 0;
  count_others(expected);
  writer.run("ROLLBACK");
  settle();
  EXPECT_EQ(shown(), std::to_string(expected));
}

TEST_F(EventBoundTest, ATransactionThatHasNotWrittenYetMayStillDoSo) {
  PsqlSession writer(cluster, "postgres");
  writer.run("BEGIN; SELECT 1");
  int expected = 0;
  count_others(expected);
  writer.run("INSERT INTO events DEFAULT VALUES; COMMIT");
  settle();
  EXPECT_EQ(shown(), std::to_string(expected + 1));
}

TEST_F(EventBoundTest, ATransactionOfAnotherDatabaseIsNoneOfOurs) {
  PsqlSession other(cluster, "elsewhere");
  other.run("BEGIN; SELECT 1");
  insert(3);
  settle();
  EXPECT_EQ(shown(), "3");
}

TEST_F(EventBoundTest, APreparedTransactionHoldsTheBound) {
  insert(2, "now() - interval '1 hour'");
  EXPECT_EQ(shown(), "2");
  execute(
      "BEGIN; INSERT INTO events SELECT now() FROM generate_series(1, 7);"
      "PREPARE TRANSACTION 'p'");
  EXPECT_EQ(shown(), "2");
  const double before = final_before();
  int expected = 2;
  count_others(expected);
  EXPECT_EQ(holds(), "prepared_transaction ");
  EXPECT_EQ(final_before(), before);
  execute("COMMIT PREPARED 'p'");
  EXPECT_EQ(shown(), std::to_string(expected + 7));
  EXPECT_EQ(holds(), "");
  EXPECT_GT(final_before(), before);
  settle();
  EXPECT_EQ(shown(), std::to_string(expected + 7));
}

TEST_F(EventBoundTest, ASessionWithoutTrackingHoldsTheBound) {
  EXPECT_EQ(shown(), "0");
  PsqlSession writer(cluster, "postgres");
  writer.run("SET track_activities = off");
  writer.run("BEGIN; INSERT INTO events SELECT now() FROM generate_series(1, 7)");
  EXPECT_EQ(shown(), "0");
  const double before = final_before();
  int expected = 0;
  count_others(expected);
  EXPECT_EQ(holds(), "tracking_off ");
  EXPECT_EQ(final_before(), before);
  writer.run("COMMIT");
  EXPECT_EQ(shown(), std::to_string(expected + 7));
}

TEST_F(EventBoundTest, TrackingThatComesBackInATransactionHoldsTheBoundUntilItsEnd) {
  PsqlSession writer(cluster, "postgres");
  writer.run("SET track_activities = off");
  writer.run("BEGIN; INSERT INTO events SELECT now() FROM generate_series(1, 7)");
  writer.run("SET track_activities = on");
  int expected = 0;
  count_others(expected);
  EXPECT_EQ(holds(), "tracking_off ");
  writer.run("COMMIT");
  settle();
  EXPECT_EQ(holds(), "");
  EXPECT_EQ(shown(), std::to_string(expected + 7));
}

TEST_F(EventBoundTest, ARoleThatCannotSeeTheOthersHoldsTheBound) {
  user = "watcher";
  PsqlSession writer(cluster, "postgres");
  writer.run("BEGIN; INSERT INTO events SELECT now() FROM generate_series(1, 7)");
  int expected = 0;
  count_others(expected);
  EXPECT_EQ(holds(), "hidden_session ");
  EXPECT_EQ(final_before(), -1) << "nothing was ever final";
  writer.run("COMMIT");
  EXPECT_EQ(shown(), std::to_string(expected + 7));
  user = "monitor";
  EXPECT_EQ(shown(), std::to_string(expected + 7));
  EXPECT_EQ(holds(), "");
  settle();
}

TEST_F(EventBoundTest, TheServersOwnWorkersHideNothing) {
  PsqlSession worker(cluster, "postgres");
  execute("CREATE TABLE IF NOT EXISTS large AS SELECT n FROM generate_series(1, 200000) n");
  worker.run(
      "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0;"
      "SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;"
      "BEGIN; DECLARE c CURSOR FOR SELECT count(*) FROM large; FETCH c");
  user = "monitor";
  EXPECT_EQ(shown(), "0");
  EXPECT_EQ(holds(), "");
}

TEST_F(EventBoundTest, AStandbyIsRefused) {
  insert(3);
  settle();
  std::string data_directory;
  {
    auto connection =
        pg::Connection::open(Secret(cluster.url("postgres")), std::chrono::seconds(5));
    ASSERT_TRUE(connection);
    const auto rows = connection->query(
        "SHOW data_directory", {std::chrono::seconds(5), std::chrono::seconds(5),
                                std::chrono::steady_clock::now() + std::chrono::seconds(5)});
    ASSERT_TRUE(rows);
    data_directory = std::string(*rows->at(0, 0));
  }
  server->stop();
  std::ofstream(data_directory + "/standby.signal").close();
  server->start();
  EXPECT_EQ(failure(), "this is a standby: events are counted on the primary alone");
  EXPECT_EQ(holds(), "standby ");
  execute("SELECT pg_promote()");
  EXPECT_EQ(shown(), "3");
  EXPECT_EQ(holds(), "");
}

}  // namespace
}  // namespace backstay::collectors
