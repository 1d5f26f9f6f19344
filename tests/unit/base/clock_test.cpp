#include "base/clock.h"

#include <thread>

#include <gtest/gtest.h>

namespace backstay {
namespace {

TEST(SystemClock, TellsTheTimeOfTheSystem) {
  SystemClock clock;
  const auto before =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const WallTime now = clock.now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());
  const SteadyTime earlier = clock.steady();
  EXPECT_GE(clock.steady(), earlier);
}

TEST(SystemClock, SleepsForTheWholeTime) {
  SystemClock clock;
  const SteadyTime before = clock.steady();
  EXPECT_TRUE(clock.sleep(std::chrono::milliseconds(5), {}));
  EXPECT_GE(clock.steady() - before, std::chrono::milliseconds(5));
}

TEST(SystemClock, IsWokenByAStop) {
  SystemClock clock;
  std::stop_source stop;
  const std::jthread other([&]() { stop.request_stop(); });
  EXPECT_FALSE(clock.sleep(std::chrono::hours(24), stop.get_token()));
  EXPECT_FALSE(clock.sleep(std::chrono::hours(24), stop.get_token()));  // and never sleeps again
}

}  // namespace
}  // namespace backstay
