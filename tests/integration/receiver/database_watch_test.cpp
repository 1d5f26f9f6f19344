#include "receiver/database_watch.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay {
namespace {

std::optional<double> shown(const DatabaseWatch& watch) {
  const auto families = watch.Collect();
  if (families.empty()) return std::nullopt;
  EXPECT_EQ(families.front().name, "backstay_receiver_database_up");
  return families.front().metric.front().gauge.value;
}

std::string said_while(const std::function<void()>& work) {
  ::testing::internal::CaptureStderr();
  work();
  return ::testing::internal::GetCapturedStderr();
}

TEST(DatabaseWatch, ReportsADatabaseThatIsDownAndThatItIsBack) {
  test::PostgresCluster cluster;
  cluster.stop();
  SystemClock clock;
  DatabaseWatch watch(SecretSource::literal(Secret(cluster.url("postgres"))), clock);
  EXPECT_EQ(shown(watch), std::nullopt) << "not asked yet is not down";

  const std::string down = said_while([&]() { watch.ask_once(); });
  EXPECT_EQ(shown(watch), 0);
  EXPECT_NE(down.find("backups would fail"), std::string::npos) << down;
  EXPECT_EQ(said_while([&]() { watch.ask_once(); }), "") << "told once";

  cluster.start();
  const std::string up = said_while([&]() { watch.ask_once(); });
  EXPECT_EQ(shown(watch), 1);
  EXPECT_NE(up.find("can be reached again"), std::string::npos) << up;
}

TEST(DatabaseWatch, AFrozenDatabaseIsDownAndHoldsNobody) {
  test::PostgresCluster cluster;
  SystemClock clock;
  DatabaseWatch watch(SecretSource::literal(Secret(cluster.url("postgres"))), clock);
  watch.ask_once();
  EXPECT_EQ(shown(watch), 1);
  cluster.freeze();
  watch.ask_once();  // comes back by itself, which is the point
  EXPECT_EQ(shown(watch), 0);
  cluster.thaw();
  watch.ask_once();
  EXPECT_EQ(shown(watch), 1);
}

}  // namespace
}  // namespace backstay
