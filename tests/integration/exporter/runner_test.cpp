#include "exporter/collectors/runner.h"

#include <future>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A collector of one metric that is called as it is, and brings what its body says.
class Scripted final : public Collector {
 public:
  using Body = std::function<Result<double>(pg::Connection&, const pg::Limits&)>;
  Scripted(std::string name, Body body) : name_(std::move(name)), body_(std::move(body)) {}
  const std::string& name() const override { return name_; }
  Result<metrics::Families> collect(pg::Connection& connection, const pg::Limits& limits) override {
    auto value = body_(connection, limits);
    if (!value) return fail(value.error());
    return metrics::Families{{name_, "", metrics::Type::gauge, {{{}, *value, {}}}}};
  }

 private:
  std::string name_;
  Body body_;
};

Scripted::Body sql(const std::string& text) {
  return [text](pg::Connection& connection, const pg::Limits& limits) -> Result<double> {
    const auto rows = connection.query(text, limits);
    if (!rows) return fail(rows.error());
    return rows->number(0, 0).value_or(-1);
  };
}

std::optional<double> value(const metrics::Families& families, const std::string& name,
                            const std::string& collector = "") {
  for (const metrics::Family& family : families) {
    if (family.name != name) continue;
    for (const metrics::Sample& sample : family.samples) {
      if (collector.empty() || sample.labels == metrics::Labels{{"collector", collector}})
        return sample.value;
    }
  }
  return std::nullopt;
}

std::optional<double> success(const metrics::Families& families, const std::string& collector) {
  return value(families, "backstay_scrape_collector_success", collector);
}
std::optional<double> duration(const metrics::Families& families, const std::string& collector) {
  return value(families, "backstay_scrape_collector_duration_seconds", collector);
}

metrics::Families all(const std::vector<metrics::Snapshot>& snapshots) {
  metrics::Families families;
  for (const metrics::Snapshot& snapshot : snapshots) {
    families.insert(families.end(), snapshot.families().begin(), snapshot.families().end());
  }
  return families;
}

struct RunnerTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster.reset(); }

  void add(const std::string& name, Scripted::Body body) {
    collectors.push_back(std::make_unique<Scripted>(name, std::move(body)));
  }
  void make_runner() {
    runner = std::make_unique<Runner>(std::move(collectors), pool,
                                      RunnerLimits{seconds(20), seconds(1)}, clock);
  }
  metrics::Families collect(milliseconds within = seconds(20)) {
    return all(runner->collect(clock.steady() + within));
  }
  // For as long as it takes until "stuck" is begun: one that finds no connection in time begins
  // nothing.
  void collect_until(const std::atomic<bool>& is_begun) {
    for (milliseconds within{100}; !is_begun; within *= 2) {
      EXPECT_EQ(success(collect(within), "stuck"), 0);
    }
  }
  // Until the condition holds, which it does at once or never does.
  template <class Condition>
  void expect_soon(Condition condition) {
    const SteadyTime until = clock.steady() + seconds(30);
    while (!condition()) ASSERT_LT(clock.steady(), until);
  }

  static inline std::unique_ptr<test::PostgresCluster> cluster;
  SystemClock clock;
  Pool pool{SecretSource::literal(Secret(cluster->url("postgres"))), 2, clock};
  std::vector<std::unique_ptr<Collector>> collectors;
  std::unique_ptr<Runner> runner;
};

TEST_F(RunnerTest, BringsWhatAllCollectorsBroughtAndHowItWent) {
  add("one", sql("SELECT 1"));
  add("two", sql("SELECT 2"));
  make_runner();
  const metrics::Families families = collect();
  EXPECT_EQ(value(families, "one"), 1);
  EXPECT_EQ(value(families, "two"), 2);
  EXPECT_EQ(value(families, "pg_up"), 1);
  for (const char* name : {"one", "two"}) {
    EXPECT_EQ(success(families, name), 1);
    EXPECT_GT(duration(families, name).value_or(0), 0);
  }
  EXPECT_GE(value(families, "backstay_database_connections").value_or(0), 1);
}

TEST_F(RunnerTest, WhatIsNotAskedForIsNotRun) {
  std::atomic<int> runs{0};
  add("one", sql("SELECT 1"));
  add("two", [&runs](pg::Connection& connection, const pg::Limits& limits) {
    ++runs;
    return sql("SELECT 1")(connection, limits);
  });
  make_runner();
  EXPECT_EQ(runner->names(), (std::vector<std::string>{"one", "two"}));
  const metrics::Families some =
      all(runner->collect(clock.steady() + seconds(20), CollectorFilter::only({"one"})));
  EXPECT_EQ(value(some, "one"), 1);
  EXPECT_EQ(success(some, "one"), 1);
  EXPECT_EQ(success(some, "two"), std::nullopt);
  EXPECT_EQ(runs, 0);
  const metrics::Families rest =
      all(runner->collect(clock.steady() + seconds(20), CollectorFilter::all_but({"one"})));
  EXPECT_EQ(value(rest, "one"), std::nullopt);
  EXPECT_EQ(value(rest, "two"), 1);
  EXPECT_EQ(value(rest, "pg_up"), 1);
  const metrics::Families none =
      all(runner->collect(clock.steady() + seconds(20), CollectorFilter::all_but({"one", "two"})));
  EXPECT_EQ(value(none, "pg_up"), std::nullopt);  // nobody asked
}

TEST_F(RunnerTest, WhoAsksForAFastOneDoesNotWaitForASlowOne) {
  std::promise<void> begun;
  std::promise<void> may_end;
  add("slow", [&](pg::Connection&, const pg::Limits&) -> Result<double> {
    begun.set_value();
    may_end.get_future().wait();
    return 1;
  });
  add("two", sql("SELECT 2"));
  make_runner();
  auto slow = std::async(std::launch::async, [this]() {
    return all(runner->collect(clock.steady() + seconds(20), CollectorFilter::only({"slow"})));
  });
  begun.get_future().wait();
  const metrics::Families other =
      all(runner->collect(clock.steady() + seconds(20), CollectorFilter::only({"two"})));
  may_end.set_value();
  EXPECT_EQ(value(other, "two"), 2);
  EXPECT_EQ(value(other, "slow"), std::nullopt);
  EXPECT_EQ(value(slow.get(), "slow"), 1);
}

TEST_F(RunnerTest, OneThatFailsCostsOnlyItself) {
  add("bad", sql("SELECT nonsense"));
  add("good", sql("SELECT 1"));
  make_runner();
  const metrics::Families families = collect();
  EXPECT_EQ(success(families, "bad"), 0);
  EXPECT_EQ(value(families, "bad"), std::nullopt);
  EXPECT_EQ(success(families, "good"), 1);
  EXPECT_EQ(value(families, "good"), 1);
  EXPECT_EQ(value(families, "pg_up"), 1);
}

// An error is an answer: the database is up although nothing could be read from it.
TEST_F(RunnerTest, IsUpWhereOnlyErrorsCame) {
  add("bad", sql("SELECT nonsense"));
  make_runner();
  EXPECT_EQ(value(collect(), "pg_up"), 1);
}

// One that this version has nothing for does not say that the database answers.
TEST_F(RunnerTest, WhereNobodyAsksItIsNotKnownWhetherItIsUp) {
  add("nothing", [](pg::Connection&, const pg::Limits&) -> Result<double> { return 1; });
  make_runner();
  const metrics::Families families = collect();
  EXPECT_EQ(success(families, "nothing"), 1);
  EXPECT_EQ(value(families, "pg_up"), std::nullopt);
}

TEST_F(RunnerTest, WithoutCollectorsNothingIsKnownOfTheDatabase) {
  make_runner();
  EXPECT_EQ(value(collect(), "pg_up"), std::nullopt);
}

TEST_F(RunnerTest, ASlowQueryFailsAloneAndEndsOnTheServerToo) {
  add("slow", sql("SELECT pg_sleep(3600)"));
  add("good", sql("SELECT 1"));
  make_runner();
  const metrics::Families families = collect(seconds(4));
  EXPECT_EQ(success(families, "slow"), 0);
  EXPECT_EQ(success(families, "good"), 1);
  EXPECT_EQ(value(families, "pg_up"), 1);
  // Else it would go on there, beside the connection that took its place.
  auto connection = pg::Connection::open(Secret(cluster->url("postgres")), seconds(30));
  ASSERT_TRUE(connection) << connection.error().message;
  const pg::Limits limits{seconds(5), seconds(5), clock.steady() + seconds(10)};
  const auto active = connection->query(
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%3600%' "
      "AND pid <> pg_backend_pid()",
      limits);
  ASSERT_TRUE(active) << active.error().message;
  EXPECT_EQ(active->number(0, 0), 0);
}

TEST_F(RunnerTest, TheTimeOfAStatementEndsBeforeTheDeadline) {
  pg::Limits seen;
  add("one", [&seen](pg::Connection&, const pg::Limits& limits) -> Result<double> {
    seen = limits;
    return 1;
  });
  make_runner();
  static_cast<void>(collect(seconds(10)));
  EXPECT_LE(seen.statement_timeout, seconds(9));
  EXPECT_GT(seen.statement_timeout, seconds(0));
  static_cast<void>(collect(seconds(100)));
  EXPECT_EQ(seen.statement_timeout, seconds(20));
}

TEST_F(RunnerTest, OneThatIsStillBusyIsNotBegunAgain) {
  std::promise<void> release;
  std::atomic<int> begun = 0;
  add("stuck",
      [&, released = release.get_future().share()](pg::Connection&,
                                                   const pg::Limits&) -> Result<double> {
        ++begun;
        released.wait();
        return 1;
      });
  add("good", sql("SELECT 1"));
  make_runner();
  const auto first = collect(milliseconds(200));
  EXPECT_EQ(success(first, "stuck"), 0);
  EXPECT_EQ(duration(first, "stuck"), std::nullopt);  // not known yet
  const auto second = collect(seconds(4));            // nobody else waits for it
  EXPECT_EQ(success(second, "stuck"), 0);
  EXPECT_EQ(success(second, "good"), 1);
  EXPECT_EQ(value(second, "pg_up"), 1);
  EXPECT_EQ(begun, 1);
  release.set_value();
  expect_soon([this]() { return success(collect(), "stuck") == 1; });
}

// The first holds the collector past everybody's deadline; the second waits for its turn, the third
// shares that wait with more patience, and the fourth takes its place.
TEST_F(RunnerTest, WhoseTurnIsTakenIsToldSo) {
  std::promise<void> release;
  std::atomic<bool> is_begun = false;
  add("stuck",
      [&, released = release.get_future().share()](pg::Connection&,
                                                   const pg::Limits&) -> Result<double> {
        is_begun = true;
        released.wait();
        return fail("too late");
      });
  make_runner();
  collect_until(is_begun);
  auto waiting = std::async(std::launch::async, [this]() { return collect(milliseconds(300)); });
  auto sharing = std::async(std::launch::async, [this]() { return collect(seconds(20)); });
  EXPECT_EQ(success(waiting.get(), "stuck"), 0);
  while (sharing.wait_for(milliseconds(0)) != std::future_status::ready) {
    if (success(collect(milliseconds(10)), "stuck") != 0) break;
  }
  EXPECT_EQ(success(sharing.get(), "stuck"), 0);
  release.set_value();
}

TEST_F(RunnerTest, ScrapesAtOneTimeNeverRunACollectorTwice) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  add("one", [&](pg::Connection& connection, const pg::Limits& limits) -> Result<double> {
    const int now = ++inside;
    if (now > most) most = now;
    auto brought = sql("SELECT 1, pg_sleep(0.01)")(connection, limits);
    --inside;
    return brought;
  });
  make_runner();
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> scrapers;
    for (int i = 0; i < 8; ++i) {
      scrapers.emplace_back([&]() {
        for (int round = 0; round < 10; ++round) {
          if (success(collect(), "one") != 1) ++failed;
        }
      });
    }
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(failed, 0);
}

TEST_F(RunnerTest, MayEndBeforeWhatItBegan) {
  std::promise<void> release;
  std::promise<void> ended;
  std::atomic<bool> is_begun = false;
  add("stuck",
      [&, released = release.get_future().share()](pg::Connection&,
                                                   const pg::Limits&) -> Result<double> {
        is_begun = true;
        released.wait();
        ended.set_value();
        return fail("too late");
      });
  make_runner();
  collect_until(is_begun);
  runner.reset();
  release.set_value();
  ended.get_future().wait();
}

TEST_F(RunnerTest, ADatabaseThatIsDownIsSaidToBeDown) {
  Pool nowhere(SecretSource::literal(Secret("postgresql://a@127.0.0.1:1/b")), 1, clock);
  collectors.push_back(std::make_unique<Scripted>("one", sql("SELECT 1")));
  Runner lonely(std::move(collectors), nowhere, {}, clock);
  const metrics::Families families = all(lonely.collect(clock.steady() + seconds(20)));
  EXPECT_EQ(value(families, "pg_up"), 0);
  EXPECT_EQ(success(families, "one"), 0);
  EXPECT_EQ(value(families, "backstay_database_connections"), 0);
}

}  // namespace
}  // namespace backstay::collectors
