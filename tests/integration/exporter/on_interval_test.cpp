#include "exporter/collectors/on_interval.h"

#include <atomic>
#include <functional>
#include <future>

#include <gtest/gtest.h>

#include "exporter/collectors/runner.h"
#include "tests/integration/postgres_cluster.h"
#include "tests/manual_clock.h"

namespace backstay::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Brings how often it was asked, every ten seconds.
class Counting final : public Collector {
 public:
  explicit Counting(std::function<Result<void>()> before) : before_(std::move(before)) {}
  const std::string& name() const override { return name_; }
  Schedule schedule() const override { return {seconds(10), minutes(1), seconds(5)}; }
  Result<metrics::Families> collect(pg::Connection& connection, const pg::Limits&) override {
    ++runs;
    asked = &connection;
    if (auto ready = before_(); !ready) return fail(ready.error());
    return metrics::Families{
        {"runs", "Runs.", metrics::Type::gauge, {{{}, static_cast<double>(runs), {}}}}};
  }
  std::atomic<int> runs = 0;
  pg::Connection* asked = nullptr;  // while it runs

 private:
  std::string name_ = "counting";
  std::function<Result<void>()> before_;
};

struct OnIntervalTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster.reset(); }

  void SetUp() override {
    auto made = std::make_unique<Counting>([this]() { return before(); });
    counting = made.get();
    on_interval = std::make_shared<OnInterval>(
        std::make_shared<Measured>(std::move(made), pool, RunnerLimits{}, clock), clock);
  }
  // Begins a run if it is time, and waits for its end: the pool's one thread works in order.
  void tick() {
    on_interval->tick(0);
    pool_is_idle();
  }
  void pool_is_idle() {
    std::promise<void> done;
    pool.submit_beside([](pg::Connection&) { return metrics::Snapshot(); },
                       [&done](const Result<metrics::Snapshot>&, bool) { done.set_value(); });
    done.get_future().wait();
  }
  std::optional<double> shown() const {
    const auto snapshot = on_interval->fresh();
    if (!snapshot) return std::nullopt;
    return snapshot->families().front().samples.front().value;
  }

  static inline std::unique_ptr<test::PostgresCluster> cluster;
  std::function<Result<void>()> before = []() { return Result<void>(); };
  test::ManualClock clock;
  SystemClock pool_clock;
  Pool pool{SecretSource::literal(Secret(cluster->url("postgres"))), 1, pool_clock};
  Counting* counting = nullptr;
  std::shared_ptr<OnInterval> on_interval;
};

TEST_F(OnIntervalTest, BeginsAtOnceAndThenAtItsPace) {
  EXPECT_EQ(shown(), std::nullopt);
  tick();
  EXPECT_EQ(shown(), 1);
  clock.advance(milliseconds(9'999));
  tick();
  EXPECT_EQ(counting->runs, 1);
  clock.advance(milliseconds(1));
  tick();
  EXPECT_EQ(shown(), 2);
}

TEST_F(OnIntervalTest, AScrapeThatFindsTheDatabaseHasItCatchUpWhereItFoundNone) {
  milliseconds run_takes{0};
  before = [this, &run_takes]() -> Result<void> {
    clock.advance(run_takes);
    const pg::Limits limits{seconds(20), seconds(1), pool_clock.steady() + seconds(20)};
    auto lost = counting->asked->query("SELECT pg_terminate_backend(pg_backend_pid())", limits);
    return fail(lost.error());
  };
  const auto has_it_run = [this]() {
    const int runs_before = counting->runs;
    on_interval->catch_up();
    pool_is_idle();
    return counting->runs > runs_before;
  };
  EXPECT_TRUE(has_it_run());  // there was no run yet
  EXPECT_TRUE(has_it_run());  // which found no database
  run_takes = seconds(4);
  EXPECT_TRUE(has_it_run());
  EXPECT_FALSE(has_it_run());  // that one took too long for this: its own query may be the reason
}

TEST_F(OnIntervalTest, AFailureLeavesTheLastGoodValueUntilItIsTooOld) {
  tick();
  before = []() -> Result<void> { return fail("no"); };
  for (int i = 0; i < 6; ++i) {
    clock.advance(seconds(10));
    tick();
    EXPECT_EQ(shown(), 1) << i;
    EXPECT_EQ(on_interval->last()->problem, "no");
  }
  clock.advance(milliseconds(1));
  EXPECT_EQ(shown(), std::nullopt);
  EXPECT_EQ(on_interval->collector().record().errors, 6U);
  before = []() { return Result<void>(); };
  clock.advance(seconds(10));
  tick();
  EXPECT_EQ(shown(), 8);
}

TEST_F(OnIntervalTest, WhatFailedQuicklyIsTriedAgainSooner) {
  before = []() -> Result<void> { return fail("no"); };
  tick();
  clock.advance(milliseconds(999));
  tick();
  EXPECT_EQ(counting->runs, 1);
  clock.advance(milliseconds(1));
  tick();
  EXPECT_EQ(counting->runs, 2);
  // One that took long is left in peace for its interval.
  before = [this]() -> Result<void> {
    clock.advance(seconds(3));
    return fail("no");
  };
  clock.advance(seconds(1));
  tick();
  EXPECT_EQ(counting->runs, 3);
  clock.advance(milliseconds(6'999));
  tick();
  EXPECT_EQ(counting->runs, 3);
  clock.advance(milliseconds(1));
  tick();
  EXPECT_EQ(counting->runs, 4);
}

TEST_F(OnIntervalTest, OneRunAtATime) {
  std::promise<void> release;
  before = [released = release.get_future().share()]() {
    released.wait();
    return Result<void>();
  };
  on_interval->tick(0);
  while (counting->runs == 0) std::this_thread::yield();
  clock.advance(minutes(10));
  on_interval->tick(0);
  release.set_value();
  pool_is_idle();
  EXPECT_EQ(counting->runs, 1);
}

// With one connection the interval's run has it; with two a scrape never waits for it.
TEST_F(OnIntervalTest, NeverTakesTheLastConnection) {
  SystemClock real;
  Pool two(SecretSource::literal(Secret(cluster->url("postgres"))), 2, real);
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> begun = 0;
  std::atomic<int> over = 0;
  for (int i = 0; i < 3; ++i) {
    two.submit_beside(
        [&begun, released](pg::Connection&) {
          ++begun;
          released.wait();
          return metrics::Snapshot();
        },
        [&over](const Result<metrics::Snapshot>&, bool) { ++over; });
  }
  for (int i = 0; i < 5; ++i) {
    std::promise<bool> answered;
    two.submit({real.steady() + seconds(20), [](pg::Connection&) { return metrics::Snapshot(); },
                [&answered](const Result<metrics::Snapshot>& outcome, bool) {
                  answered.set_value(outcome.has_value());
                }});
    EXPECT_TRUE(answered.get_future().get());
  }
  EXPECT_LE(begun, 1);
  release.set_value();
  while (over < 3) std::this_thread::yield();
  EXPECT_EQ(begun, 3);
}

}  // namespace
}  // namespace backstay::collectors
