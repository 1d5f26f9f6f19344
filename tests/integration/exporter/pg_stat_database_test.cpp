#include "exporter/collectors/pg/pg_stat_database.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {
namespace {

using metrics::Type;
using std::chrono::seconds;

struct PgStatDatabaseTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster.reset(); }

  static std::map<std::string, metrics::Family> collect() {
    auto connection = pg::Connection::open(Secret(cluster->url("postgres")), seconds(30));
    if (!connection) throw std::runtime_error(connection.error().message);
    auto families = ViewCollector(pg_stat_database())
                        .collect(*connection, {seconds(5), seconds(5),
                                               std::chrono::steady_clock::now() + seconds(20)});
    if (!families) throw std::runtime_error(families.error().message);
    std::map<std::string, metrics::Family> by_name;
    for (metrics::Family& family : *families) by_name[family.name] = std::move(family);
    return by_name;
  }
  static double value(const metrics::Family& family, const std::string& datname) {
    for (const metrics::Sample& sample : family.samples) {
      if (sample.labels.pairs().at("datname") == datname) return sample.value;
    }
    ADD_FAILURE() << "no " << family.name << " of " << datname;
    return -1;
  }
  template <class Condition>
  static bool becomes_true(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
};

TEST_F(PgStatDatabaseTest, HasTheNamesAndTypesOfPostgresExporter) {
  const std::set<std::string> counters{
      "xact_commit",  "xact_rollback", "blks_read",     "blks_hit",
      "tup_returned", "tup_fetched",   "tup_inserted",  "tup_updated",
      "tup_deleted",  "conflicts",     "temp_files",    "temp_bytes",
      "deadlocks",    "stats_reset",   "blk_read_time", "blk_write_time"};
  const std::set<std::string> untyped{
      "checksum_failures", "checksum_last_failure",    "session_time",   "active_time",
      "sessions",          "idle_in_transaction_time", "sessions_fatal", "sessions_abandoned",
      "sessions_killed"};
  const std::set<std::string> newer{"active_time_seconds_total", "conflicts_confl_tablespace",
                                    "conflicts_confl_lock",      "conflicts_confl_snapshot",
                                    "conflicts_confl_bufferpin", "conflicts_confl_deadlock"};
  const auto families = collect();
  EXPECT_EQ(families.size(), 1 + counters.size() + untyped.size() + newer.size());
  const auto type_of = [&families](const std::string& column) {
    return families.at("pg_stat_database_" + column).type;
  };
  EXPECT_EQ(type_of("numbackends"), Type::gauge);
  for (const std::string& column : counters) EXPECT_EQ(type_of(column), Type::counter) << column;
  for (const std::string& column : newer) EXPECT_EQ(type_of(column), Type::counter) << column;
  for (const std::string& column : untyped) EXPECT_EQ(type_of(column), Type::untyped) << column;
}

TEST_F(PgStatDatabaseTest, IsLabelledByDatabase) {
  const metrics::Family commits = collect().at("pg_stat_database_xact_commit");
  std::set<std::string> names;
  for (const metrics::Sample& sample : commits.samples) {
    const auto labels = sample.labels.pairs();
    ASSERT_EQ(labels.size(), 2U);
    names.insert(labels.at("datname"));
    EXPECT_EQ(labels.at("datid") == "0", labels.at("datname").empty());  // shared objects
  }
  EXPECT_EQ(names, (std::set<std::string>{"", "postgres", "template0", "template1"}));
}

TEST_F(PgStatDatabaseTest, TellsWhatTheViewTells) {
  cluster->execute("CREATE DATABASE app");
  cluster->execute("CREATE TABLE t AS SELECT generate_series(1, 500) AS n", "app");
  cluster->execute("INSERT INTO t SELECT generate_series(1, 250)", "app");
  // A backend reports what it did before it ends, and psql does not wait for that end.
  EXPECT_TRUE(becomes_true([]() {
    const auto families = collect();
    return value(families.at("pg_stat_database_tup_inserted"), "app") >= 750 &&
           value(families.at("pg_stat_database_numbackends"), "postgres") == 1;
  }));
}

// Checksums are off here: their failures are not zero, they are not known.
TEST_F(PgStatDatabaseTest, ANullIsAbsent) {
  EXPECT_TRUE(collect().at("pg_stat_database_checksum_failures").samples.empty());
}

TEST_F(PgStatDatabaseTest, TimesAreSecondsSinceTheEpoch) {
  cluster->execute("SELECT pg_stat_reset()");
  const double reset = value(collect().at("pg_stat_database_stats_reset"), "postgres");
  const auto now = std::chrono::duration<double>(SystemClock().now().time_since_epoch()).count();
  EXPECT_NEAR(reset, now, 3600);
}

}  // namespace
}  // namespace backstay::collectors
