#include "exporter/collectors/on_scrape.h"

#include <optional>

#include <gtest/gtest.h>

#include "tests/manual_clock.h"
#include "tests/unit/exporter/unreachable_database.h"

// Scrapes that come while a run is under way. Every run fails, for there is no database; while the
// pool gathers, none begins.
namespace backstay::collectors {
namespace {

using std::chrono::seconds;
using Future = std::shared_future<Outcome>;

struct OnScrapeTest : ::testing::Test {
  Future ask(std::chrono::milliseconds within = seconds(10)) {
    return on_scrape->ask(clock.steady() + within);
  }
  std::uint64_t runs() const { return measured->record().errors; }
  static bool is_over(const Future& future) {
    return future.wait_for(seconds(0)) == std::future_status::ready;
  }

  backstay::test::ManualClock clock;
  Pool pool{test::unreachable_database(), 1, clock};
  std::shared_ptr<Measured> measured =
      std::make_shared<Measured>(std::make_unique<test::NeverAsked>(), pool, RunnerLimits{}, clock);
  std::shared_ptr<OnScrape> on_scrape = std::make_shared<OnScrape>(measured, clock);
};

TEST_F(OnScrapeTest, EachScrapeHasARunOfItsOwnWhereNoneIsUnderWay) {
  EXPECT_NE(ask().get().problem, "");
  EXPECT_NE(ask().get().problem, "");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(OnScrapeTest, ScrapesAtOneTimeShareARun) {
  std::optional<Pool::Gathering> gathering(std::in_place, pool);
  const Future first = ask();
  const Future second = ask(seconds(3));
  EXPECT_FALSE(is_over(first));
  gathering.reset();
  first.get();
  second.get();
  EXPECT_EQ(runs(), 1u);
}

TEST_F(OnScrapeTest, ARunThatIsOverdueIsNoAnswerForTheNextScrape) {
  std::optional<Pool::Gathering> gathering(std::in_place, pool);
  const Future overdue = ask();
  clock.advance(seconds(11));
  const Future next = ask();
  EXPECT_FALSE(is_over(overdue)) << "it may end yet";
  gathering.reset();
  overdue.get();
  next.get();
  EXPECT_EQ(runs(), 2u);
}

TEST_F(OnScrapeTest, WhoWaitedForTheOverdueInVainIsToldSo) {
  std::optional<Pool::Gathering> gathering(std::in_place, pool);
  const Future overdue = ask();
  clock.advance(seconds(11));
  const Future in_vain = ask();
  clock.advance(seconds(11));
  const Future last = ask();
  ASSERT_TRUE(is_over(in_vain));
  EXPECT_EQ(in_vain.get().problem, "an earlier run has not ended within the deadline");
  EXPECT_FALSE(is_over(last));
  gathering.reset();
  last.get();
  EXPECT_EQ(runs(), 2u) << "the one in vain was never begun";
}

}  // namespace
}  // namespace backstay::collectors
