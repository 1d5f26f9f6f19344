#include "exporter/collectors/pg/pg_stat_statements.h"

#include <gtest/gtest.h>

#include "tests/integration/exporter/collected.h"

namespace backstay::collectors {
namespace {

struct PgStatStatementsTest : ::testing::Test {
  static void SetUpTestSuite() {
    cluster = std::make_unique<test::PostgresCluster>(
        std::vector<std::string>{"shared_preload_libraries = 'pg_stat_statements'"});
    cluster->execute("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    cluster->execute("CREATE DATABASE watched");
    cluster->execute(
        "CREATE SCHEMA \"My tools\"; CREATE EXTENSION pg_stat_statements SCHEMA \"My tools\"; "
        "GRANT USAGE ON SCHEMA \"My tools\" TO watcher",
        "watched");
  }
  static void TearDownTestSuite() { cluster.reset(); }
  void SetUp() override {
    cluster->execute("SELECT \"My tools\".pg_stat_statements_reset()", "watched");
  }

  static test::Collected collect(const PgOptions& options = {},
                                 const std::string& database = "watched") {
    pg::Connection connection = test::connect(
        "postgresql://watcher@127.0.0.1:" + std::to_string(cluster->port()) + "/" + database);
    PgStatStatements collector(options);
    return {collector, connection};
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
};

TEST_F(PgStatStatementsTest, CountsTheStatementsOfOthersForARoleWithPgMonitor) {
  for (int i = 0; i < 3; ++i) cluster->execute("SELECT count(*) FROM pg_class");
  const test::Collected collected = collect();
  bool is_found = false;
  for (const auto& [name, value] : collected.series()) {
    const bool is_ours = name.rfind("pg_stat_statements_calls_total{", 0) == 0 &&
                         name.find("user=\"postgres\"") != std::string::npos &&
                         name.find("datname=\"postgres\"") != std::string::npos;
    is_found = is_found || (is_ours && value == 3);
  }
  EXPECT_TRUE(is_found);
  EXPECT_EQ(collected.count("pg_stat_statements_query_id"), 0U);
}

TEST_F(PgStatStatementsTest, SlowOnesAreCountedByTheirMeanAndByTheirLongest) {
  PgOptions options;
  options.slow_over = std::chrono::seconds(1);
  cluster->execute("SELECT pg_sleep(1.5)");
  for (int i = 0; i < 9; ++i) cluster->execute("SELECT pg_sleep(0.0)");
  const test::Collected mixed = collect(options);
  EXPECT_EQ(mixed.value("backstay_pg_slow_statements{by=\"mean\"}"), 0);
  EXPECT_EQ(mixed.value("backstay_pg_slow_statements{by=\"max\"}"), 1);
  cluster->execute("SELECT pg_sleep(1.5), 1");
  EXPECT_EQ(collect(options).value("backstay_pg_slow_statements{by=\"mean\"}"), 1);
}

TEST_F(PgStatStatementsTest, NoMoreThanTheTop) {
  PgOptions options;
  options.statements_top = 2;
  for (const std::string columns : {"1", "1, 2", "1, 2, 3", "1, 2, 3, 4"}) {
    cluster->execute("SELECT " + columns);
  }
  const test::Collected collected = collect(options);
  EXPECT_EQ(collected.count("pg_stat_statements_calls_total"), 2U);
  EXPECT_GE(collected.value("backstay_pg_statements").value_or(0), 4);
}

TEST_F(PgStatStatementsTest, TheTextOnlyWhereItIsAskedFor) {
  PgOptions options;
  options.has_query_text = true;
  cluster->execute("SELECT 1 AS haystack WHERE 'needle' = 'thread'");
  const test::Collected collected = collect(options);
  bool is_found = false;
  for (const auto& [name, value] : collected.series()) {
    is_found = is_found || (name.rfind("pg_stat_statements_query_id{", 0) == 0 &&
                            name.find("AS haystack") != std::string::npos);
    EXPECT_EQ(name.find("needle"), std::string::npos) << "a value of a statement";
  }
  EXPECT_TRUE(is_found);
}

TEST_F(PgStatStatementsTest, WithoutTheExtensionThereIsNothing) {
  EXPECT_TRUE(collect({}, "postgres").series().empty());
}

}  // namespace
}  // namespace backstay::collectors
