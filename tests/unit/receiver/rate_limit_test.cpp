#include "receiver/intake/rate_limit.h"

#include <gtest/gtest.h>

#include "tests/manual_clock.h"

namespace backstay::intake {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateLimit, TakesABurstAndThenAsManyAsTheRate) {
  test::ManualClock clock;
  RateLimit limit({2, 3}, clock);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take()) << i;
  EXPECT_EQ(limit.take(), seconds(1)) << "half a second, in whole ones";
  clock.advance(milliseconds(499));
  EXPECT_TRUE(limit.take());
  clock.advance(milliseconds(1));
  EXPECT_FALSE(limit.take());
  EXPECT_TRUE(limit.take()) << "what was refused cost nothing, but there was only one";
}

TEST(RateLimit, RestFillsItToTheBurstAndNoFurther) {
  test::ManualClock clock;
  RateLimit limit({2, 3}, clock);
  for (int i = 0; i < 3; ++i) limit.take();
  clock.advance(std::chrono::hours(1));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take()) << i;
  EXPECT_TRUE(limit.take());
}

// Threads come here in another order than they looked at the clock.
TEST(RateLimit, AThreadThatComesLateMovesNothing) {
  test::ManualClock clock;
  RateLimit limit({1, 1}, clock);
  EXPECT_FALSE(limit.take());
  clock.advance(seconds(-1));
  EXPECT_EQ(limit.take(), seconds(1));
  clock.advance(seconds(1));
  EXPECT_TRUE(limit.take()) << "no second has passed since the first";
}

TEST(RateLimit, SaysHowLongASlowOneTakes) {
  test::ManualClock clock;
  RateLimit limit({0.1, 1}, clock);
  EXPECT_FALSE(limit.take());
  EXPECT_EQ(limit.take(), seconds(10));
  clock.advance(seconds(4));
  EXPECT_EQ(limit.take(), seconds(6));
}

}  // namespace
}  // namespace backstay::intake
