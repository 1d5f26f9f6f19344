#include "exporter/metrics/number.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace backstay::metrics {
namespace {

std::string value(double number) {
  std::string text;
  append_value(text, number);
  return text;
}

std::string bound(double number) {
  std::string text;
  append_canonical_bound(text, number);
  return text;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Number, WholeOnesHaveNoPointAndNoExponent) {
  EXPECT_EQ(value(0), "0");
  EXPECT_EQ(value(-7), "-7");
  EXPECT_EQ(value(100'000), "100000");
  EXPECT_EQ(value(9'007'199'254'740'991), "9007199254740991");
  EXPECT_EQ(value(-9'007'199'254'740'991), "-9007199254740991");
}

TEST(Number, OthersHaveTheFewestDigits) {
  EXPECT_EQ(value(0.5), "0.5");
  EXPECT_EQ(value(0.1), "0.1");
  EXPECT_EQ(value(1'795'420'800.25), "1795420800.25");
  EXPECT_EQ(value(0.0001), "0.0001");
  EXPECT_EQ(value(0.00001), "1e-05");
  EXPECT_EQ(value(1e16), "1e+16");
  EXPECT_EQ(value(1e300), "1e+300");
  EXPECT_EQ(value(kInfinity), "+Inf");
  EXPECT_EQ(value(-kInfinity), "-Inf");
  EXPECT_EQ(value(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(Number, ReadsBackTheSame) {
  std::mt19937_64 chance(42);
  for (int i = 0; i < 100'000; ++i) {
    const double exponent = std::uniform_real_distribution(-320.0, 308.0)(chance);
    const double number = std::pow(10, exponent) * (i % 2 == 0 ? 1 : -1);
    ASSERT_EQ(std::strtod(value(number).c_str(), nullptr), number) << value(number);
    ASSERT_EQ(std::strtod(bound(number).c_str(), nullptr), number) << bound(number);
  }
}

// The list that the specification of OpenMetrics gives, and what lies around it.
TEST(Number, BoundsAreCanonical) {
  const std::pair<double, const char*> table[] = {
      {0, "0.0"},          {1, "1.0"},
      {2.5, "2.5"},        {10, "10.0"},
      {0.005, "0.005"},    {0.001, "0.001"},
      {0.0001, "0.0001"},  {1e-5, "1e-05"},
      {1e-10, "1e-10"},    {100'000, "100000.0"},
      {1e6, "1e+06"},      {1e10, "1e+10"},
      {2.5e6, "2.5e+06"},  {-1, "-1.0"},
      {kInfinity, "+Inf"},
  };
  for (const auto& [number, text] : table) EXPECT_EQ(bound(number), text);
}

}  // namespace
}  // namespace backstay::metrics
