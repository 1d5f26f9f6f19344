#include "exporter/collectors/measured.h"

#include <future>

#include <gtest/gtest.h>

#include "tests/unit/exporter/unreachable_database.h"

// What is kept of runs that fail; what runs bring that do not is for the integration tests.
namespace backstay::collectors {
namespace {

struct MeasuredTest : ::testing::Test {
  Outcome run_for_scrape() {
    std::promise<Outcome> told;
    measured->start_for_scrape(clock.steady() + std::chrono::seconds(20),
                               [&](Outcome outcome) { told.set_value(std::move(outcome)); });
    return told.get_future().get();
  }
  Outcome run_beside() {
    std::promise<Outcome> told;
    measured->start_beside([&](Outcome outcome) { told.set_value(std::move(outcome)); });
    return told.get_future().get();
  }

  SystemClock clock;
  Pool pool{test::unreachable_database(), 1, clock};
  std::shared_ptr<Measured> measured =
      std::make_shared<Measured>(std::make_unique<test::NeverAsked>(), pool, RunnerLimits{}, clock);
};

TEST_F(MeasuredTest, ARunWithoutADatabaseIsAnErrorAndNoAnswer) {
  const SteadyTime begin = clock.steady();
  const Outcome outcome = run_for_scrape();
  EXPECT_NE(outcome.problem, "");
  EXPECT_FALSE(outcome.has_answer);
  EXPECT_TRUE(outcome.snapshot.families().empty());
  EXPECT_GE(outcome.ended, begin);
  EXPECT_GE(outcome.seconds, 0);
}

TEST_F(MeasuredTest, ErrorsAreCountedHoweverItIsRun) {
  EXPECT_EQ(measured->record().errors, 0u);
  run_for_scrape();
  run_beside();
  EXPECT_EQ(measured->record().errors, 2u);
  EXPECT_FALSE(measured->record().last_success);
  EXPECT_EQ(measured->record().rows, 0u);
}

TEST_F(MeasuredTest, TheLogIsToldOnceThatItFails) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) run_for_scrape();
  const std::string log = ::testing::internal::GetCapturedStderr();
  const std::string line = "a collector failed";
  const std::size_t first = log.find(line);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_NE(log.find("collector=never_asked"), std::string::npos) << log;
  EXPECT_EQ(log.find(line, first + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace backstay::collectors
