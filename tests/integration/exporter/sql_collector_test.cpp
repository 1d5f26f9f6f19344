#include "exporter/collectors/sql/sql_collector.h"

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
    auto connection = pg::Connection::open(Secret(url), seconds(30));
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
      for (const auto& [name, value] : sample.labels.pairs()) text += name + "=" + value + " ";
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
  double overflow_rows() const {
    const auto families = collect();
    if (!families) return -1;
    EXPECT_EQ(families->back().name, "backstay_collector_overflow_rows");
    return families->back().samples.front().value;
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
  SqlQuery query;
};

TEST_F(SqlCollectorTest, OneValue) {
  query.type = metrics::Type::counter;
  query.sql = "SELECT 12.5 AS value";
  const auto families = collect();
  ASSERT_TRUE(families) << families.error().message;
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

TEST_F(SqlCollectorTest, RowsBeyondMaxSeriesAreOneMoreSeries) {
  query.labels = {"x"};
  query.series_max = 3;
  query.sql = "SELECT n AS x, n AS value FROM generate_series(1, 3) n";
  EXPECT_EQ(series(), "x=1 1\nx=2 2\nx=3 3\n");
  EXPECT_EQ(overflow_rows(), 0);
  query.sql = "SELECT n AS x, n AS value FROM generate_series(1, 5) n";
  EXPECT_EQ(series(), "x=1 1\nx=2 2\nx=other 12\n");
  EXPECT_EQ(overflow_rows(), 3);
}

TEST_F(SqlCollectorTest, ARowThatIsCalledOtherTakesThemIn) {
  query.labels = {"x"};
  query.series_max = 3;
  query.sql = "VALUES ('other', 1), ('a', 2), ('b', 3), ('c', 4)";
  query.sql = "SELECT column1 AS x, column2 AS value FROM (" + query.sql + ") v";
  EXPECT_EQ(series(), "x=other 8\nx=a 2\n");
}

TEST_F(SqlCollectorTest, OrTheyAreDropped) {
  query.labels = {"x"};
  query.series_max = 3;
  query.overflow = Overflow::drop;
  query.sql = "SELECT n AS x, n AS value FROM generate_series(1, 5) n";
  EXPECT_EQ(series(), "x=1 1\nx=2 2\nx=3 3\n");
  EXPECT_EQ(overflow_rows(), 2);
}

TEST_F(SqlCollectorTest, AQueryWithoutAnEndIsCutAndFails) {
  query.labels = {"x"};
  query.sql = "SELECT n AS x, 1 AS value FROM generate_series(1, 200001) n";
  EXPECT_EQ(failure(), "the query has more than 200000 rows");
}

TEST_F(SqlCollectorTest, AHistogramCountsEachRowAsAnObservation) {
  query.type = metrics::Type::histogram;
  query.labels = {"x"};
  query.buckets = {0.5, 1};
  query.sql = "VALUES ('a', 0.5::float8), ('a', 1), ('a', 7), ('b', 0.1), ('b', NULL)";
  query.sql = "SELECT column1 AS x, column2 AS value FROM (" + query.sql + ") v ORDER BY 1 -- end";
  const auto families = collect();
  ASSERT_TRUE(families) << families.error().message;
  const auto& samples = families->front().samples;
  ASSERT_EQ(samples.size(), 2U);
  const bool is_a_first = samples[0].labels == metrics::Labels{{"x", "a"}};
  const metrics::Histogram& a = samples[is_a_first ? 0 : 1].histogram;
  const metrics::Histogram& b = samples[is_a_first ? 1 : 0].histogram;
  using Buckets = std::vector<std::pair<double, std::uint64_t>>;
  EXPECT_EQ(a.buckets, (Buckets{{0.5, 1}, {1, 2}}));  // a bound belongs to its bucket
  EXPECT_EQ(a.count, 3U);
  EXPECT_EQ(a.sum, 8.5);
  EXPECT_EQ(b.buckets, (Buckets{{0.5, 1}, {1, 1}}));
  EXPECT_EQ(b.count, 1U) << "NULL is no observation";
}

TEST_F(SqlCollectorTest, AHistogramsLabelsMayHaveAnyName) {
  query.type = metrics::Type::histogram;
  query.labels = {"observations", "total", "bucket_0", "count", "value_of"};
  query.buckets = {1};
  query.sql =
      "SELECT 7 AS observations, 'b' AS total, 'c' AS bucket_0, 'd' AS count, 'e' AS value_of,"
      " n AS value FROM generate_series(1, 3) n";
  const auto families = collect();
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->front().samples.size(), 1U);
  const metrics::Sample& sample = families->front().samples.front();
  EXPECT_EQ(sample.labels, (metrics::Labels{{"observations", "7"},
                                            {"total", "b"},
                                            {"bucket_0", "c"},
                                            {"count", "d"},
                                            {"value_of", "e"}}));
  EXPECT_EQ(sample.histogram.count, 3U);
  EXPECT_EQ(sample.histogram.sum, 6);
  EXPECT_EQ(sample.histogram.buckets, (std::vector<std::pair<double, std::uint64_t>>{{1, 1}}));
}

TEST_F(SqlCollectorTest, AHistogramWithoutRowsIsThereWhereItsLabelIsKnown) {
  query.type = metrics::Type::histogram;
  query.labels = {"x"};
  query.zero_fill = {"a"};
  query.buckets = {1};
  query.sql = "SELECT 'a' AS x, 1 AS value WHERE false";
  const auto families = collect();
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->front().samples.size(), 1U);
  EXPECT_EQ(families->front().samples.front().histogram.count, 0U);
  EXPECT_EQ(families->front().samples.front().histogram.buckets.size(), 1U);
}

TEST_F(SqlCollectorTest, AQueryForOtherVersionsBringsNothingAndIsNoFailure) {
  query.sql = "SELECT nonsense AS value";
  query.version_max = 14;
  EXPECT_EQ(failure(), "none");
  query.version_max = 99;
  query.version_min = 16;
  EXPECT_EQ(failure(), "none");
  query.version_min = 15;
  EXPECT_NE(failure(), "none");
}

TEST_F(SqlCollectorTest, ErrorsAreTheServersWords) {
  query.sql = "SELECT 1 AS value FROM nowhere";
  EXPECT_NE(failure().find("relation \"nowhere\" does not exist"), std::string::npos);
  query.sql = "SELECT count(*) AS value FROM kept";
  EXPECT_NE(failure("watcher").find("permission denied for table kept"), std::string::npos);
}

TEST_F(SqlCollectorTest, AQueryCannotWrite) {
  cluster->execute(
      "CREATE FUNCTION keep() RETURNS int LANGUAGE sql AS "
      "'INSERT INTO kept VALUES (1) RETURNING 1'");
  query.sql = "SELECT keep() AS value";
  EXPECT_NE(failure().find("read-only transaction"), std::string::npos) << failure();
  query.sql = "SELECT 1 AS value) AS q; DELETE FROM kept; SELECT * FROM (SELECT 1 AS value";
  EXPECT_NE(failure().find("cannot insert multiple commands"), std::string::npos) << failure();
}

}  // namespace
}  // namespace backstay::collectors
