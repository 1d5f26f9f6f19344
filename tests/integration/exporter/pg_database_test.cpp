#include "exporter/collectors/pg/pg_database.h"

#include <gtest/gtest.h>

#include "tests/integration/exporter/collected.h"

namespace backstay::collectors {
namespace {

// postgres_exporter issue 681.
TEST(PgDatabase, ADatabaseThatIsForbiddenCostsOnlyItsOwnSize) {
  const test::PostgresCluster cluster;
  cluster.execute("CREATE DATABASE open");
  cluster.execute("CREATE DATABASE closed CONNECTION LIMIT 7");
  cluster.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
  cluster.execute("CREATE ROLE stranger LOGIN");
  cluster.execute("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
  const std::string at = "@127.0.0.1:" + std::to_string(cluster.port()) + "/open";
  ViewCollector collector(pg_database());

  pg::Connection stranger = test::connect("postgresql://stranger" + at);
  const test::Collected seen(collector, stranger);
  EXPECT_GT(seen.value("pg_database_size_bytes{datname=\"open\"}").value_or(0), 1'000'000);
  EXPECT_FALSE(seen.value("pg_database_size_bytes{datname=\"closed\"}"));
  EXPECT_EQ(seen.value("pg_database_connection_limit{datname=\"closed\"}"), 7);

  pg::Connection watcher = test::connect("postgresql://watcher" + at);
  EXPECT_TRUE(
      test::Collected(collector, watcher).value("pg_database_size_bytes{datname=\"closed\"}"));
}

}  // namespace
}  // namespace backstay::collectors
