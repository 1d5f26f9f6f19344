#include "exporter/collectors/pg/pg_stat_activity.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {
namespace {

using std::chrono::seconds;

using Series = std::map<std::pair<std::string, std::string>, double>;  // datname, state

struct PgStatActivityTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(kNoWorkers); }
  // They would be counted as sessions, whenever they come.
  static inline const std::vector<std::string> kNoWorkers{"autovacuum=off"};
  static void TearDownTestSuite() { cluster.reset(); }

  // A session goes a moment after its connection was closed: none of another test's is left.
  void SetUp() override {
    cluster->execute(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
        "WHERE application_name = 'backstay'");
  }
  static pg::Connection connect() {
    auto connection = pg::Connection::open(Secret(cluster->url("postgres")), seconds(30));
    if (!connection) throw std::runtime_error(connection.error().message);
    return std::move(*connection);
  }
  static pg::Limits limits() {
    return {seconds(5), seconds(5), std::chrono::steady_clock::now() + seconds(20)};
  }
  static metrics::Families collect(pg::Connection& connection) {
    auto families = ViewCollector(pg_stat_activity()).collect(connection, limits());
    if (!families) throw std::runtime_error(families.error().message);
    return *families;
  }
  static Series series(const metrics::Family& family) {
    Series all;
    for (const metrics::Sample& sample : family.samples) {
      const auto labels = sample.labels.pairs();
      EXPECT_EQ(labels.size(), 2U);
      all[{labels.at("datname"), labels.at("state")}] = sample.value;
    }
    EXPECT_EQ(all.size(), family.samples.size());
    return all;
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
};

TEST_F(PgStatActivityTest, EveryDatabaseHasEveryState) {
  pg::Connection connection = connect();
  const metrics::Families families = collect(connection);
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].name, "pg_stat_activity_count");
  EXPECT_EQ(families[1].name, "pg_stat_activity_max_tx_duration");
  for (const metrics::Family& family : families) {
    EXPECT_EQ(family.type, metrics::Type::gauge);
    std::set<std::string> databases;
    std::set<std::string> states;
    const Series all = series(family);
    for (const auto& [labels, value] : all) {
      databases.insert(labels.first);
      states.insert(labels.second);
    }
    EXPECT_EQ(databases, (std::set<std::string>{"postgres", "template0", "template1"}));
    EXPECT_EQ(states, (std::set<std::string>{"active", "idle", "idle in transaction",
                                             "idle in transaction (aborted)",
                                             "fastpath function call", "disabled"}));
    EXPECT_EQ(all.size(), 18U);
  }
}

TEST_F(PgStatActivityTest, CountsSessionsByState) {
  pg::Connection connection = connect();
  pg::Connection idle = connect();
  ASSERT_TRUE(idle.query("SELECT 1", limits()));
  const Series count = series(collect(connection)[0]);
  EXPECT_EQ(count.at({"postgres", "active"}), 1);  // the one that asks
  EXPECT_EQ(count.at({"postgres", "idle"}), 1);
  EXPECT_EQ(count.at({"template1", "idle"}), 0);
}

}  // namespace
}  // namespace backstay::collectors
