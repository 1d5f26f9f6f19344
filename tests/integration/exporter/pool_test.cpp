#include "exporter/collectors/pool.h"

#include <fstream>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"
#include "tests/temporary_folder.h"

namespace backstay::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Told {
  Result<metrics::Snapshot> outcome;
  bool has_answer = false;
};

Work query(const std::string& sql, milliseconds within = seconds(20)) {
  return [sql, within](pg::Connection& connection) -> Result<metrics::Snapshot> {
    const SteadyTime deadline = std::chrono::steady_clock::now() + within;
    const auto rows = connection.query(sql, {seconds(20), seconds(1), deadline});
    if (!rows) return fail(rows.error());
    metrics::Family family{"answer", "", metrics::Type::gauge, {}};
    family.samples.push_back({{}, rows->number(0, 0).value_or(-1), {}});
    return metrics::Snapshot({std::move(family)});
  };
}

struct PoolTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster.reset(); }

  // A session goes a moment after its connection was closed: none of another test's is left.
  void SetUp() override {
    cluster->execute(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
        "WHERE application_name = 'backstay'");
  }
  std::unique_ptr<Pool> make(int connections_max) {
    return std::make_unique<Pool>(SecretSource::literal(Secret(cluster->url("postgres"))),
                                  connections_max, clock);
  }
  std::future<Told> submit(Pool& pool, Work work, milliseconds within = seconds(20)) {
    auto promise = std::make_shared<std::promise<Told>>();
    pool.submit({clock.steady() + within, std::move(work),
                 [promise](Result<metrics::Snapshot> outcome, bool has_answer) {
                   promise->set_value({std::move(outcome), has_answer});
                 }});
    return promise->get_future();
  }
  double number(Pool& pool, const std::string& sql) {
    const Told told = submit(pool, query(sql)).get();
    if (!told.outcome) throw std::runtime_error(told.outcome.error().message);
    return told.outcome->families().front().samples.front().value;
  }
  static inline std::unique_ptr<test::PostgresCluster> cluster;
  SystemClock clock;
};

TEST_F(PoolTest, BringsWhatTheWorkRead) {
  const auto pool = make(1);
  EXPECT_EQ(pool->connections(), 0);
  const Told told = submit(*pool, query("SELECT 42")).get();
  ASSERT_TRUE(told.outcome) << told.outcome.error().message;
  EXPECT_TRUE(told.has_answer);
  EXPECT_EQ(told.outcome->families().front().samples.front().value, 42);
  EXPECT_EQ(pool->connections(), 1);
}

TEST_F(PoolTest, AnErrorOfTheServerIsAnAnswerAndCostsNoConnection) {
  const auto pool = make(1);
  const double backend = number(*pool, "SELECT pg_backend_pid()");
  const Told told = submit(*pool, query("SELECT 1/0")).get();
  EXPECT_FALSE(told.outcome);
  EXPECT_TRUE(told.has_answer);
  EXPECT_EQ(number(*pool, "SELECT pg_backend_pid()"), backend);
}

TEST_F(PoolTest, SoIsAPermissionThatIsMissing) {
  cluster->execute("CREATE ROLE watcher LOGIN; CREATE TABLE kept (n int)");
  Pool pool(SecretSource::literal(Secret(
                "postgresql://watcher@127.0.0.1:" + std::to_string(cluster->port()) + "/postgres")),
            1, clock);
  const double backend = number(pool, "SELECT pg_backend_pid()");
  const Told told = submit(pool, query("SELECT n FROM kept")).get();
  ASSERT_FALSE(told.outcome);
  EXPECT_NE(told.outcome.error().message.find("permission denied for table kept"),
            std::string::npos);
  EXPECT_TRUE(told.has_answer);
  EXPECT_EQ(number(pool, "SELECT pg_backend_pid()"), backend);
}

TEST_F(PoolTest, NeverHasMoreConnectionsThanItMay) {
  const auto pool = make(3);
  std::vector<std::future<Told>> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(submit(*pool, query("SELECT count(*), pg_sleep(0.02) FROM pg_stat_activity "
                                      "WHERE application_name = 'backstay'")));
  }
  double most = 0;
  for (auto& each : all) {
    const Told told = each.get();
    ASSERT_TRUE(told.outcome) << told.outcome.error().message;
    most = std::max(most, told.outcome->families().front().samples.front().value);
  }
  EXPECT_EQ(most, 3);
  EXPECT_EQ(pool->connections(), 3);
}

TEST_F(PoolTest, AConnectionThatWasKilledIsReplacedUnseen) {
  const auto pool = make(1);
  const double backend = number(*pool, "SELECT pg_backend_pid()");
  cluster->execute(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
      "WHERE application_name = 'backstay'");
  EXPECT_NE(number(*pool, "SELECT pg_backend_pid()"), backend);
  EXPECT_EQ(pool->connections(), 1);
}

TEST_F(PoolTest, ADatabaseThatCameBackIsFoundAtOnce) {
  const auto pool = make(1);
  EXPECT_EQ(number(*pool, "SELECT 1"), 1);
  cluster->stop();
  const Told down = submit(*pool, query("SELECT 1")).get();
  ASSERT_FALSE(down.outcome);
  EXPECT_NE(down.outcome.error().message.find("cannot connect"), std::string::npos);
  EXPECT_FALSE(down.has_answer);
  EXPECT_EQ(pool->connections(), 0);
  cluster->start();
  EXPECT_EQ(number(*pool, "SELECT 2"), 2);
}

TEST_F(PoolTest, AFrozenDatabaseIsNoAnswerAndIsFoundAgain) {
  const auto pool = make(1);
  EXPECT_EQ(number(*pool, "SELECT 1"), 1);
  cluster->freeze();
  const Told frozen = submit(*pool, query("SELECT 1", milliseconds(300)), milliseconds(300)).get();
  cluster->thaw();
  ASSERT_FALSE(frozen.outcome);
  EXPECT_EQ(frozen.outcome.error().message, "no answer within the deadline");
  EXPECT_FALSE(frozen.has_answer);
  EXPECT_EQ(number(*pool, "SELECT 2"), 2);
}

TEST_F(PoolTest, WorkWhoseTimeIsOverIsNotBegun) {
  const auto pool = make(1);
  bool is_begun = false;
  const auto work = [&is_begun](pg::Connection&) -> Result<metrics::Snapshot> {
    is_begun = true;
    return metrics::Snapshot();
  };
  const Told told = submit(*pool, work, milliseconds(-1)).get();
  EXPECT_FALSE(told.outcome);
  EXPECT_FALSE(told.has_answer);
  EXPECT_FALSE(is_begun);
}

TEST_F(PoolTest, AnExceptionEndsNeitherThreadNorWait) {
  const auto pool = make(1);
  const auto work = [](pg::Connection&) -> Result<metrics::Snapshot> {
    throw std::runtime_error("out of luck");
  };
  const Told told = submit(*pool, work).get();
  ASSERT_FALSE(told.outcome);
  EXPECT_NE(told.outcome.error().message.find("out of luck"), std::string::npos);
  EXPECT_EQ(number(*pool, "SELECT 1"), 1);
}

TEST_F(PoolTest, ARotatedPasswordNeedsNoRestart) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("url");
  std::ofstream(path) << "postgresql://nobody@127.0.0.1:" << cluster->port() << "/postgres";
  Pool pool(SecretSource::file(path), 1, clock);
  EXPECT_FALSE(submit(pool, query("SELECT 1")).get().outcome);
  std::ofstream(path) << cluster->url("postgres");
  EXPECT_EQ(number(pool, "SELECT 1"), 1);
}

TEST_F(PoolTest, AtItsEndItTellsAllThatWaitAndBeginsNothing) {
  constexpr int kTasks = 30;
  std::vector<std::future<Told>> all;
  {
    const auto pool = make(1);
    for (int i = 0; i < kTasks; ++i) all.push_back(submit(*pool, query("SELECT pg_sleep(0.3)")));
  }
  int done = 0;
  for (auto& each : all) {
    ASSERT_EQ(each.wait_for(seconds(0)), std::future_status::ready);
    done += each.get().outcome ? 1 : 0;
  }
  EXPECT_LT(done, kTasks / 2);
}

}  // namespace
}  // namespace backstay::collectors
