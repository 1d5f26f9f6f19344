#include "exporter/collectors/sql_collector.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {
namespace {

using std::chrono::seconds;

struct SqlCollectorTest : ::testing::Test {
  static void SetUpTestSuite() {
    cluster = std::make_unique<test::PostgresCluster>();
    cluster->execute("CREATE ROLE watcher LOGIN; CREATE TABLE kept (n int)");
  }
  static void TearDownTestSuite() { cluster.reset(); }

  SqlCollectorTest() {
    query.name = "a";
    query.help = "Help.";
  }
  Result<metrics::Families> collect(const std::string& user = "postgres") const {
    const std::string url =
        "postgresql://" + user + "@127.0.0.1:" + std::to_string(cluster->port()) + "/postgres";
    auto connection = pg::Connection::open(Secret(url), seconds(5));
    if (!connection) return fail(connection.error());
    return SqlCollector(query).collect(
        *connection, {seconds(5), seconds(5), std::chrono::steady_clock::now() + seconds(20)});
  }
  // "label label … value", one a line.
  std::string series() const {
    const auto families = collect();
    if (!families) return "failed: " + families.error().message;
    std::string text;
    for (const metrics::Sample& sample : families->front().samples) {
      for (const auto& [name, value] : sample.labels) text += name + "=" + value + " ";
      std::ostringstream number;
      number << sample.value;
      text += number.str() + "\n";
    }
    return text;
  }
  std::string failure(const std::string& user = "postgres") const {
    const auto families = collect(user);
    return families ? "none" : families.error().message;
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
  SqlQuery query;
};

TEST_F(SqlCollectorTest, OneValue) {
  query.type = metrics::Type::counter;
  query.sql = "SELECT 12.5 AS value";
  const auto families = collect();
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->size(), 1U);
  EXPECT_EQ(families->front().name, "a");
  EXPECT_EQ(families->front().help, "Help.");
  EXPECT_EQ(families->front().type, metrics::Type::counter);
  EXPECT_EQ(series(), "12.5\n");
}

TEST_F(SqlCollectorTest, ColumnsAreFoundByNameInAnyOrder) {
  query.labels = {"x", "y"};
  query.sql = "SELECT 1 AS value, 'b' AS y, 'ignored' AS z, 'a' AS x";
  EXPECT_EQ(series(), "x=a y=b 1\n");
}

TEST_F(SqlCollectorTest, KnownLabelsThatHaveNoRowAreZero) {
  query.labels = {"status"};
  query.zero_fill = {"pending", "accepted"};
  query.sql = "SELECT 'accepted' AS status, 3 AS value UNION ALL SELECT 'unheard-of', 1";
  EXPECT_EQ(series(), "status=accepted 3\nstatus=unheard-of 1\nstatus=pending 0\n");
}

TEST_F(SqlCollectorTest, AValueThatIsNotKnownIsAbsentAndNotZero) {
  query.labels = {"x"};
  query.sql = "VALUES ('null', NULL::float8), ('nan', 'NaN'), ('infinity', 'Infinity'), ('one', 1)";
  query.sql = "SELECT column1 AS x, column2 AS value FROM (" + query.sql + ") v";
  EXPECT_EQ(series(), "x=infinity inf\nx=one 1\n");
}

TEST_F(SqlCollectorTest, ANullLabelIsEmpty) {
  query.labels = {"x"};
  query.sql = "SELECT NULL AS x, 1 AS value";
  EXPECT_EQ(series(), "x= 1\n");
}

TEST_F(SqlCollectorTest, ABooleanIsOneOrZero) {
  query.sql = "SELECT true AS value UNION ALL SELECT false";
  EXPECT_EQ(series(), "1\n0\n");
}

TEST_F(SqlCollectorTest, WhatIsNoNumberIsAFailure) {
  query.sql = "SELECT 'many' AS value";
  EXPECT_EQ(failure(), "the column value is not a number");
}

TEST_F(SqlCollectorTest, AMissingColumnIsNamed) {
  query.sql = "SELECT 1 AS valeu";
  EXPECT_EQ(failure(), "the query has no column value");
  query.labels = {"x"};
  query.sql = "SELECT 1 AS value";
  EXPECT_EQ(failure(), "the query has no column x");
}

TEST_F(SqlCollectorTest, MoreRowsThanMaxSeriesIsAFailure) {
  query.labels = {"x"};
  query.series_max = 3;
  query.sql = "SELECT n AS x, n AS value FROM generate_series(1, 3) n";
  EXPECT_EQ(failure(), "none");
  query.sql = "SELECT n AS x, n AS value FROM generate_series(1, 4) n";
  EXPECT_EQ(failure(), "the query has 4 rows; max_series is 3");
}

TEST_F(SqlCollectorTest, ErrorsAreTheServersWords) {
  query.sql = "SELECT 1 AS value FROM nowhere";
  EXPECT_NE(failure().find("relation \"nowhere\" does not exist"), std::string::npos);
  query.sql = "SELECT count(*) AS value FROM kept";
  EXPECT_NE(failure("watcher").find("permission denied for table kept"), std::string::npos);
}

TEST_F(SqlCollectorTest, AQueryCannotWrite) {
  query.sql = "INSERT INTO kept VALUES (1) RETURNING n AS value";
  EXPECT_NE(failure().find("read-only transaction"), std::string::npos) << failure();
}

}  // namespace
}  // namespace backstay::collectors
