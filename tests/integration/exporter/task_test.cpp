#include "exporter/collectors/task.h"

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <stdexcept>

#include <gtest/gtest.h>

#include "exporter/collectors/pool.h"
#include "exporter/collectors/runner.h"
#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kTransaction =
    "SELECT extract(epoch FROM xact_start) FROM pg_stat_activity WHERE pid = pg_backend_pid()";

metrics::Snapshot shown(double value) {
  return metrics::Snapshot({{"answer", "", metrics::Type::gauge, {{{}, value, {}}}}});
}

struct TaskTest : ::testing::Test {
  static void SetUpTestSuite() { cluster = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster.reset(); }

  // Its answer, or the error; work that has to be done after all brings -2.
  std::future<std::string> ask(const std::string& sql) {
    return submit(sql, [](const pg::Rows& rows, int) {
      return std::optional(shown(rows.number(0, 0).value_or(-1)));
    });
  }
  std::future<std::string> submit(
      const std::string& sql,
      std::function<std::optional<metrics::Snapshot>(const pg::Rows&, int)> read) {
    auto promise = std::make_shared<std::promise<std::string>>();
    const Question question{[sql](int) { return sql; }, std::move(read),
                            [this]() {
                              return pg::Limits{seconds(20), seconds(1), deadline};
                            }};
    pool.submit({deadline, [](pg::Connection&) { return shown(-2); },
                 [promise](const Result<metrics::Snapshot>& outcome, bool) {
                   promise->set_value(outcome
                                          ? std::to_string(outcome->families()[0].samples[0].value)
                                          : outcome.error().message);
                 },
                 question});
    return promise->get_future();
  }
  std::vector<std::string> ask_together(const std::vector<std::string>& sql) {
    std::vector<std::future<std::string>> asked;
    {
      const Pool::Gathering gathering(pool);
      for (const std::string& text : sql) asked.push_back(ask(text));
    }
    std::vector<std::string> answers;
    for (auto& answer : asked) answers.push_back(answer.get());
    return answers;
  }

  static inline std::unique_ptr<test::PostgresCluster> cluster;
  SystemClock clock;
  const SteadyTime deadline = clock.steady() + seconds(60);
  Pool pool{SecretSource::literal(Secret(cluster->url("postgres"))), 2, clock};
};

TEST_F(TaskTest, QuestionsThatAreAskedTogetherShareATransaction) {
  const auto answers = ask_together({kTransaction, kTransaction, kTransaction});
  EXPECT_EQ(answers, std::vector<std::string>(3, answers[0]));
  EXPECT_NE(ask(kTransaction).get(), answers[0]);
}

TEST_F(TaskTest, NothingBeginsWhileTheyAreGathered) {
  ask("SELECT 1").get();
  auto gathering = std::make_unique<Pool::Gathering>(pool);
  auto first = ask(kTransaction);
  cluster->execute("SELECT pg_sleep(0.2)");  // time in which it could begin, and must not
  auto second = ask(kTransaction);
  gathering.reset();
  EXPECT_EQ(first.get(), second.get());
}

TEST_F(TaskTest, TwentyShareATransactionAndNoMore) {
  const auto transactions = ask_together(std::vector<std::string>(22, kTransaction));
  EXPECT_EQ(transactions[0], transactions[19]);
  EXPECT_NE(transactions[0], transactions[20]);
  EXPECT_EQ(transactions[20], transactions[21]);
}

TEST_F(TaskTest, OneThatFailsCostsOnlyItself) {
  EXPECT_EQ(ask_together({"SELECT 1", "SELECT 1/0", "SELECT 3"}),
            (std::vector<std::string>{"1.000000", "ERROR:  division by zero (22012)", "3.000000"}));
}

TEST_F(TaskTest, RowsThatAreNotEnoughAreFollowedByTheWork) {
  auto gathering = std::make_unique<Pool::Gathering>(pool);
  auto enough = ask("SELECT 1");
  auto not_enough = submit(
      "SELECT 1", [](const pg::Rows&, int) -> std::optional<metrics::Snapshot> { return {}; });
  auto of_no_use = submit("SELECT 1", [](const pg::Rows&, int) -> std::optional<metrics::Snapshot> {
    throw std::runtime_error("unreadable");
  });
  auto not_there = ask("");
  gathering.reset();
  EXPECT_EQ(enough.get(), "1.000000");
  EXPECT_EQ(not_enough.get(), "-2.000000");
  EXPECT_EQ(of_no_use.get(), "it ended in an exception: unreadable");
  EXPECT_EQ(not_there.get(), "-2.000000");
}

TEST_F(TaskTest, AConnectionThatWasKilledIsReplacedUnseenByAll) {
  ask("SELECT 1").get();
  cluster->execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'backstay'");
  EXPECT_EQ(ask_together({"SELECT 1", "SELECT 2", "SELECT 3"}),
            (std::vector<std::string>{"1.000000", "2.000000", "3.000000"}));
}

// A collector with a question; its answer is the first value.
class Asking final : public Collector {
 public:
  Asking(std::string name, std::string sql) : name_(std::move(name)), sql_(std::move(sql)) {}
  const std::string& name() const override { return name_; }
  bool is_quick() const override { return true; }
  std::string question(int) const override { return sql_; }
  std::optional<metrics::Snapshot> answer(const pg::Rows& rows, int) override {
    return shown(rows.number(0, 0).value_or(-1));
  }
  Result<metrics::Families> collect(pg::Connection& connection, const pg::Limits& limits) override {
    ++times_by_itself;
    const auto rows = connection.query(sql_, limits);
    if (!rows) return fail(rows.error());
    return metrics::Families{};
  }
  std::atomic<int> times_by_itself = 0;

 private:
  const std::string name_;
  const std::string sql_;
};

struct QuickCollectorsTest : TaskTest {
  Asking& add(const std::string& name, const std::string& sql) {
    auto made = std::make_unique<Asking>(name, sql);
    Asking& added = *made;
    collectors.push_back(std::move(made));
    return added;
  }
  void make_runner() {
    runner = std::make_unique<Runner>(std::move(collectors), pool,
                                      RunnerLimits{seconds(20), seconds(1)}, clock);
  }
  // collector → whether it succeeded
  std::map<std::string, double> succeeded(milliseconds within) {
    std::map<std::string, double> found;
    const auto snapshots = runner->collect(clock.steady() + within);
    for (const metrics::Family& family : snapshots.front().families()) {
      if (family.name != "backstay_scrape_collector_success") continue;
      for (const metrics::Sample& sample : family.samples) {
        found[sample.labels.pairs()["collector"]] = sample.value;
      }
    }
    return found;
  }
  std::vector<std::unique_ptr<Collector>> collectors;
  std::unique_ptr<Runner> runner;
};

TEST_F(QuickCollectorsTest, OneThatHangsLeavesTimeForTheOthersAndIsThenAskedByItself) {
  const Asking& hanging = add("hanging", "SELECT pg_sleep(600)");
  const Asking& good = add("good", "SELECT 1");
  add("other", "SELECT 1");
  make_runner();
  const std::map<std::string, double> expected{{"good", 1}, {"hanging", 0}, {"other", 1}};
  EXPECT_EQ(succeeded(seconds(4)), expected);
  EXPECT_EQ(hanging.times_by_itself, 0);
  EXPECT_EQ(succeeded(seconds(4)), expected);
  EXPECT_EQ(hanging.times_by_itself, 1);
  EXPECT_EQ(good.times_by_itself, 0);
}

TEST_F(QuickCollectorsTest, EachMayTakeHalfOfTheTimeAtMost) {
  const std::string timeout =
      "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)";
  add("one", timeout);
  add("two", timeout);
  make_runner();
  const auto snapshots = runner->collect(clock.steady() + seconds(10));
  ASSERT_EQ(snapshots.size(), 3U);
  for (std::size_t i = 1; i < snapshots.size(); ++i) {
    const double seconds_max = snapshots[i].families().at(0).samples.at(0).value;
    EXPECT_GT(seconds_max, 0);
    EXPECT_LE(seconds_max, 5);
  }
}

}  // namespace
}  // namespace backstay::collectors
