#include "exporter/collectors/pg/pg_settings.h"

#include <gtest/gtest.h>

#include "tests/integration/exporter/collected.h"

namespace backstay::collectors {
namespace {

struct PgSettingsTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster.reset(); }

  // A setting that has its new value in a session only once that session has read the
  // configuration.
  static bool becomes(PgSettings& settings, pg::Connection& connection, const std::string& name,
                      double value) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (test::Collected(settings, connection).value(name) != value) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
};

TEST_F(PgSettingsTest, AReloadedSettingShowsThoughTheyAreRemembered) {
  PgSettings settings;
  pg::Connection connection = test::connect(cluster->url("postgres"));
  ASSERT_EQ(test::Collected(settings, connection).value("pg_settings_work_mem_bytes"), 4194304);
  cluster->execute("ALTER SYSTEM SET work_mem = '7MB'");
  cluster->execute("SELECT pg_reload_conf()");
  EXPECT_TRUE(becomes(settings, connection, "pg_settings_work_mem_bytes", 7340032));
}

TEST_F(PgSettingsTest, WhatIsSetForARoleShowsInItsNextSession) {
  cluster->execute("CREATE ROLE tuned LOGIN");
  const std::string url =
      "postgresql://tuned@127.0.0.1:" + std::to_string(cluster->port()) + "/postgres";
  PgSettings settings;
  pg::Connection before = test::connect(url);
  ASSERT_EQ(test::Collected(settings, before).value("pg_settings_geqo_threshold"), 12);
  cluster->execute("ALTER ROLE tuned SET geqo_threshold = 9");
  EXPECT_EQ(test::Collected(settings, before).value("pg_settings_geqo_threshold"), 12);
  pg::Connection after = test::connect(url);
  EXPECT_EQ(test::Collected(settings, after).value("pg_settings_geqo_threshold"), 9);
}

TEST_F(PgSettingsTest, SessionsThatShowTheSameShareIt) {
  PgSettings settings;
  pg::Connection first = test::connect(cluster->url("postgres"));
  pg::Connection second = test::connect(cluster->url("postgres"));
  pg::Connection other = test::connect(cluster->url("postgres") + "?options=-cgeqo_threshold%3D9");
  const auto of_first = settings.snapshot(first, test::limits());
  const auto of_second = settings.snapshot(second, test::limits());
  const auto of_other = settings.snapshot(other, test::limits());
  ASSERT_TRUE(of_first && of_second && of_other);
  EXPECT_EQ(&of_first->families(), &of_second->families());
  EXPECT_NE(&of_first->families(), &of_other->families());
}

// Each query of the exporter runs under limits of its own, read-only: that is not the server's
// doing.
TEST_F(PgSettingsTest, TheExportersOwnLimitsDoNotShow) {
  PgSettings settings;
  pg::Connection connection = test::connect(cluster->url("postgres"));
  const test::Collected collected(settings, connection);
  EXPECT_EQ(collected.value("pg_settings_statement_timeout_seconds"), 0);
  EXPECT_EQ(collected.value("pg_settings_lock_timeout_seconds"), 0);
  EXPECT_EQ(collected.value("pg_settings_transaction_read_only"), 0);
}

}  // namespace
}  // namespace backstay::collectors
