#include "exporter/collectors/pg/pg_table_size.h"

#include <thread>

#include <gtest/gtest.h>

#include "exporter/collectors/pg/pg_stat_user_tables.h"
#include "exporter/collectors/pg/view_collector.h"
#include "tests/integration/exporter/collected.h"

namespace backstay::collectors {
namespace {

// A session of its own that holds or waits for a lock, until the end of the test.
class Locker {
 public:
  Locker(const test::PostgresCluster& cluster, const std::string& application,
         const std::string& sql)
      : thread_([&cluster, application, sql] {
          try {
            cluster.execute("SET application_name = '" + application + "'; BEGIN; " + sql +
                            "; SELECT pg_sleep(600)");
          } catch (const std::exception&) {  // it was ended, as all of them are
          }
        }) {}

 private:
  std::jthread thread_;
};

struct PgTableSizeTest : ::testing::Test {
  static void SetUpTestSuite() {
    cluster = std::make_unique<test::PostgresCluster>();
    for (const std::string table : {"large", "held", "waited", "reindexed"}) {
      cluster->execute("CREATE TABLE " + table + " (n int PRIMARY KEY, t text)");
    }
    cluster->execute(
        "INSERT INTO large SELECT n, repeat('x', 100) FROM generate_series(1, 5000) n");
    cluster->execute("VACUUM ANALYZE");
  }
  static void TearDownTestSuite() { cluster.reset(); }

  static void wait_for(const std::string& condition) {
    pg::Connection connection = test::connect(cluster->url("postgres"));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    for (;;) {
      const auto rows = connection.query("SELECT " + condition, test::limits());
      if (rows && rows->number(0, 0) == 1) return;
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error(condition);
    }
  }
  static std::string series(const std::string& what, const std::string& table) {
    return "pg_stat_user_tables_" + what + "{datname=\"postgres\",relname=\"" + table +
           "\",schemaname=\"public\"}";
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
};

TEST_F(PgTableSizeTest, SizesAreThoseOnDisk) {
  pg::Connection connection = test::connect(cluster->url("postgres"));
  PgTableSize collector(500);
  const test::Collected collected(collector, connection);
  const auto expected =
      connection.query("SELECT pg_table_size('large'), pg_indexes_size('large')", test::limits());
  ASSERT_TRUE(expected);
  EXPECT_EQ(collected.value(series("table_size_bytes", "large")), expected->number(0, 0));
  EXPECT_EQ(collected.value(series("index_size_bytes", "large")), expected->number(0, 1));
  EXPECT_EQ(collected.value("backstay_pg_tables_locked"), 0);
  EXPECT_EQ(collected.value("backstay_pg_tables_left_out"), 0);
}

// pgscv issue 329. A lock on the table, one that is only waited for, one on an index: each of them
// would hold the exporter, and behind it everyone who comes after.
TEST_F(PgTableSizeTest, TablesWithAnExclusiveLockAreLeftOutAndTheOthersAreThere) {
  Locker held(*cluster, "held", "LOCK held IN ACCESS EXCLUSIVE MODE");
  Locker reader(*cluster, "reader", "LOCK waited IN ACCESS SHARE MODE");
  Locker index(*cluster, "index", "REINDEX INDEX reindexed_pkey");
  wait_for(
      "count(DISTINCT pid) = 3 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE granted "
      "AND application_name IN ('held', 'reader', 'index') AND relation IN "
      "('held'::regclass, 'waited'::regclass, 'reindexed_pkey'::regclass)");
  Locker waiting(*cluster, "waiting", "LOCK waited IN ACCESS EXCLUSIVE MODE");
  wait_for("count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'waited'::regclass");

  pg::Connection connection = test::connect(cluster->url("postgres"));
  PgTableSize collector(500);
  const test::Collected collected(collector, connection);
  cluster->execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE application_name IN ('held', 'reader', 'index', 'waiting')");

  EXPECT_TRUE(collected.value(series("table_size_bytes", "large")));
  EXPECT_EQ(collected.count("pg_stat_user_tables_table_size_bytes"), 1U);
  EXPECT_EQ(collected.count("pg_stat_user_tables_index_size_bytes"), 1U);
  EXPECT_EQ(collected.value("backstay_pg_tables_locked"), 3);
}

TEST_F(PgTableSizeTest, BeyondTheLargestTablesTheyAreOnlyCounted) {
  pg::Connection connection = test::connect(cluster->url("postgres"));
  PgTableSize sizes(1);
  const test::Collected collected(sizes, connection);
  EXPECT_EQ(collected.count("pg_stat_user_tables_table_size_bytes"), 1U);
  EXPECT_TRUE(collected.value(series("table_size_bytes", "large")));
  EXPECT_EQ(collected.value("backstay_pg_tables_left_out"), 3);
  ViewCollector statistics(pg_stat_user_tables(1));
  const test::Collected counted(statistics, connection);
  EXPECT_EQ(counted.count("pg_stat_user_tables_n_tup_ins"), 1U);
  EXPECT_EQ(counted.value(series("n_tup_ins", "large")), 5000);
}

}  // namespace
}  // namespace backstay::collectors
