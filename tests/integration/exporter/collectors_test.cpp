#include "exporter/collectors/collectors.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {
namespace {

using std::chrono::seconds;

std::vector<std::string> names_of(const std::vector<std::unique_ptr<Collector>>& table) {
  std::vector<std::string> names;
  for (const auto& collector : table) names.push_back(collector->name());
  return names;
}

SqlQuery query(const std::string& name) {
  SqlQuery query;
  query.name = name;
  query.sql = "SELECT 1 AS value";
  return query;
}

TEST(Collectors, TheBuiltInOnesAndOneForEachQuery) {
  const std::vector<std::string> names = names_of(make_collectors(true, {query("a"), query("b")}));
  const std::set<std::string> different(names.begin(), names.end());
  EXPECT_EQ(different.size(), names.size());
  EXPECT_EQ(names.size(), 23U);
  EXPECT_TRUE(different.count("database") == 1 && different.count("bgwriter") == 1)
      << "postgres_exporter's names of its two collectors";
  EXPECT_EQ((std::vector<std::string>(names.end() - 2, names.end())),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(names_of(make_collectors(false, {query("a")})), std::vector<std::string>{"a"});
  EXPECT_TRUE(make_collectors(false, {}).empty());
}

TEST(Collectors, WhatIsCappedAtZeroIsNotAsked) {
  PgOptions none;
  none.tables_max = 0;
  none.statements_top = 0;
  for (const std::string& name : names_of(make_collectors(true, {}, none))) {
    EXPECT_TRUE(name != "stat_user_tables" && name != "table_size" && name != "stat_statements");
  }
}

// An ordinary role with pg_monitor is enough, on a server where nothing has happened yet.
TEST(Collectors, AllWorkForAMonitorOnAFreshServer) {
  const test::PostgresCluster cluster;
  cluster.execute("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
  const std::string url =
      "postgresql://watcher@127.0.0.1:" + std::to_string(cluster.port()) + "/postgres";
  auto connection = pg::Connection::open(Secret(url), seconds(30));
  ASSERT_TRUE(connection) << connection.error().message;
  for (const auto& collector : make_collectors(true, {query("a")})) {
    const auto families = collector->collect(
        *connection, {seconds(5), seconds(5), std::chrono::steady_clock::now() + seconds(20)});
    EXPECT_TRUE(families) << collector->name() << ": " << families.error().message;
  }
}

}  // namespace
}  // namespace backstay::collectors
