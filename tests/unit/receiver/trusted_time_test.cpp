#include "receiver/journal/trusted_time.h"

#include <gtest/gtest.h>

#include "tests/manual_clock.h"

namespace backstay::journal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct TrustedTimeTest : ::testing::Test {
  bool look() { return time.observe(clock.now(), clock.steady()); }
  // Every 15 s, as upkeep does; whether the time was believed at the end.
  bool look_for(std::chrono::milliseconds duration) {
    bool is_trusted = look();
    for (const auto end = clock.steady() + duration; clock.steady() < end;) {
      clock.advance(seconds(15));
      is_trusted = look();
    }
    return is_trusted;
  }
  test::ManualClock clock;
  TrustedTime time{std::nullopt, clock.now(), clock.steady()};
};

TEST_F(TrustedTimeTest, AClockThatGoesOnIsBelieved) { EXPECT_TRUE(look_for(hours(50))); }

TEST_F(TrustedTimeTest, SmallStepsAndAnHourOfSummerTimeAreNoJump) {
  for (const auto step : {minutes(60), minutes(-60), minutes(1), minutes(-1)}) {
    clock.jump(step);
    EXPECT_TRUE(look()) << step.count();
  }
}

TEST_F(TrustedTimeTest, AJumpEitherWayIsBelievedWhenItHasHeldForADay) {
  for (const auto step : {hours(24 * 400), hours(-24 * 400), hours(2)}) {
    clock.jump(step);
    EXPECT_FALSE(look_for(hours(24) - seconds(15))) << step.count();
    EXPECT_TRUE(look_for(seconds(15))) << step.count();
  }
}

TEST_F(TrustedTimeTest, AClockThatIsSetRightAgainIsBelievedAtOnce) {
  clock.jump(hours(24 * 400));
  EXPECT_FALSE(look_for(hours(20)));
  EXPECT_EQ(time.expected(clock.steady()), clock.now() - hours(24 * 400));
  clock.jump(-hours(24 * 400));
  EXPECT_TRUE(look());
}

TEST_F(TrustedTimeTest, AClockThatJumpsAgainAndAgainIsNeverBelieved) {
  for (int i = 0; i < 10; ++i) {
    clock.jump(hours(24 * 40));
    EXPECT_FALSE(look_for(hours(23)));
  }
}

TEST_F(TrustedTimeTest, ALongPauseBetweenTwoProcessesIsAJumpAndAShortOneIsNot) {
  const WallTime last = clock.now();
  clock.advance(minutes(30));
  time = TrustedTime(last, clock.now(), clock.steady());
  EXPECT_TRUE(look());
  clock.advance(hours(24 * 20));
  time = TrustedTime(last, clock.now(), clock.steady());
  EXPECT_FALSE(look_for(hours(23)));
  EXPECT_TRUE(look_for(hours(2)));
}

}  // namespace
}  // namespace backstay::journal
