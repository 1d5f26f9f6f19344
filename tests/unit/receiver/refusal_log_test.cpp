#include "receiver/intake/refusal_log.h"

#include <gtest/gtest.h>

namespace backstay::intake {
namespace {

using std::chrono::minutes;

struct RefusalLogTest : ::testing::Test {
  // How many were left out before it; -1 where it is left out itself.
  int line(const std::string& kind, const std::string& from) {
    const auto left_out = log.due(kind, from, now);
    return left_out ? static_cast<int>(*left_out) : -1;
  }
  RefusalLog log;
  SteadyTime now;
};

TEST_F(RefusalLogTest, EachSenderIsToldOnce) {
  EXPECT_EQ(line("wrong", "192.0.2.7"), 0);
  EXPECT_EQ(line("wrong", "192.0.2.7"), -1);
  EXPECT_EQ(line("wrong", "192.0.2.8"), 1) << "with the one that was left out";
  EXPECT_EQ(line("wrong", "192.0.2.8"), -1);
}

TEST_F(RefusalLogTest, EachKindIsToldByItself) {
  EXPECT_EQ(line("wrong", "192.0.2.7"), 0);
  EXPECT_EQ(line("too_old", "192.0.2.7"), 0);
}

TEST_F(RefusalLogTest, SendersWithoutEndMakeNoLinesWithoutEnd) {
  int lines = 0;
  for (int i = 0; i < 10'000; ++i) lines += line("wrong", std::to_string(i)) >= 0 ? 1 : 0;
  EXPECT_EQ(lines, 16);
  now += minutes(10);
  EXPECT_EQ(line("wrong", "192.0.2.7"), 10'000 - 16);
}

TEST_F(RefusalLogTest, AfterTenMinutesASenderIsToldAgain) {
  line("wrong", "192.0.2.7");
  now += minutes(10) - std::chrono::milliseconds(1);
  EXPECT_EQ(line("wrong", "192.0.2.7"), -1);
  now += std::chrono::milliseconds(1);
  EXPECT_EQ(line("wrong", "192.0.2.7"), 1);
  EXPECT_EQ(line("wrong", "192.0.2.7"), -1);
}

}  // namespace
}  // namespace backstay::intake
