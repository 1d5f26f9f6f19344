#include "exporter/check.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay {
namespace {

struct CheckTest : ::testing::Test {
  static void SetUpTestSuite() {
    cluster = std::make_unique<test::PostgresCluster>();
    cluster->execute(
        "CREATE TABLE large AS SELECT n, n % 7 AS status FROM generate_series(1, 150000) n; "
        "CREATE UNIQUE INDEX ON large (n); CREATE TABLE small (n int); ANALYZE");
  }
  static void TearDownTestSuite() { cluster.reset(); }

  void add(const std::string& name, const std::string& sql) {
    queries.emplace_back();
    queries.back().name = name;
    queries.back().sql = sql;
  }
  CheckOutcome check(const std::string& url = cluster->url("postgres")) {
    ExporterConfig config;
    config.database = DatabaseConfig{SecretSource::literal(Secret(url)),
                                     1,
                                     std::chrono::seconds(5),
                                     std::chrono::seconds(1),
                                     {}};
    config.with_pg = true;
    config.queries = queries;
    return check_queries(config, out, err);
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
  std::vector<collectors::SqlQuery> queries;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(CheckTest, SaysOfEachQueryHowItIs) {
  add("by_index", "SELECT max(n) AS value FROM large");
  add("small", "SELECT count(*) AS value FROM small");
  EXPECT_EQ(check(), CheckOutcome::good);
  EXPECT_EQ(out.str(), "by_index  ok\nsmall     ok\n");
  EXPECT_EQ(err.str(), "");
}

TEST_F(CheckTest, WarnsOfALargeTableThatIsReadWhole) {
  add("statuses", "SELECT status, count(*) AS value FROM large GROUP BY status");
  add("beside", "SELECT count(*) AS value FROM large WHERE status = 1");
  queries.back().schedule = {std::chrono::minutes(1), std::chrono::minutes(5),
                             std::chrono::seconds(30)};
  EXPECT_EQ(check(), CheckOutcome::good);
  EXPECT_EQ(out.str(),
            "statuses  slow: reads all of public.large (some 150000 rows) each time: give it an "
            "index, or an interval of a minute or more\nbeside    ok\n");
}

TEST_F(CheckTest, OneThatIsWrongIsNamedWithTheServersWords) {
  add("good", "SELECT 1 AS value");
  add("wrong", "SELECT nonsense AS value FROM small");
  EXPECT_EQ(check(), CheckOutcome::bad);
  EXPECT_EQ(out.str(), "good   ok\n");
  EXPECT_EQ(err.str().rfind("wrong  wrong: ERROR:  column \"nonsense\" does not exist", 0), 0U)
      << err.str();
}

TEST_F(CheckTest, CountsOfEventsAreExplainedToo) {
  queries.emplace_back();
  queries.back().events = collectors::EventSpec{};
  queries.back().events->name = "clicks_total";
  queries.back().events->table = "clicks";
  queries.back().events->time = "at";
  EXPECT_EQ(check(), CheckOutcome::bad);
  EXPECT_NE(err.str().find("clicks_total  wrong: ERROR:  relation \"clicks\" does not exist"),
            std::string::npos)
      << err.str();
}

TEST_F(CheckTest, RunsNothing) {
  add("writes", "SELECT pg_sleep(3600) AS value");
  EXPECT_EQ(check(), CheckOutcome::good);
}

TEST_F(CheckTest, OneForAnotherVersionIsNotTried) {
  add("old", "SELECT nonsense AS value");
  queries.back().version_max = 14;
  EXPECT_EQ(check(), CheckOutcome::good);
  EXPECT_EQ(out.str(), "");
}

TEST_F(CheckTest, ADatabaseThatIsDownIsSaidToBeNotAsked) {
  add("any", "SELECT 1 AS value");
  EXPECT_EQ(check("postgresql://a:t0ps3cret@127.0.0.1:1/b"), CheckOutcome::database_not_asked);
  EXPECT_NE(err.str().find("Connection refused"), std::string::npos) << err.str();
  EXPECT_EQ(err.str().find("t0ps3cret"), std::string::npos);
}

}  // namespace
}  // namespace backstay
