#include "base/duration.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/base/german_locale.h"

namespace backstay {
namespace {

const std::vector<std::pair<std::string, std::int64_t>> kGood{
    {"0", 0},
    {"0s", 0},
    {"250ms", 250},
    {"5s", 5000},
    {"90s", 90'000},
    {"1m30s", 90'000},
    {"1h30m", 5'400'000},
    {"7d", 604'800'000},
    {"2w", 1'209'600'000},
    {"1y", 31'536'000'000},
    {"1h1m1s1ms", 3'661'001},
};

TEST(Duration, IsReadAsPrometheusWritesIt) {
  for (const auto& [text, ms] : kGood) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(parsed->count(), ms) << text;
  }
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "5",
                           "s",
                           "-5s",
                           "+5s",
                           "1.5h",
                           "1,5h",
                           " 5s",
                           "5s ",
                           "5 s",
                           "5S",
                           "1min",
                           "1s1m",
                           "1m1m",
                           "5s\n",
                           "1h30",
                           "0x5s",
                           "h1",
                           "00",
                           "1e3s",
                           "١s",
                           "1ms1s",
                           "s5",
                           "99999999999999s",
                           "9999999999999y"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, TheErrorQuotesNoMoreThanItsBeginning) {
  const auto parsed = parse_duration(std::string(100'000, 'x'));
  ASSERT_FALSE(parsed);
  EXPECT_LT(parsed.error().message.size(), 200U);
  EXPECT_EQ(parse_duration("soon").error().message,
            "\"soon\" is not a duration such as 250ms, 5s or 1h30m");
}

TEST(Duration, IsWrittenInItsLargestUnits) {
  const std::vector<std::pair<std::int64_t, std::string>> cases{
      {0, "0s"},           {250, "250ms"},        {1000, "1s"},
      {90'000, "1m30s"},   {5'400'000, "1h30m"},  {604'800'000, "1w"},
      {-1500, "-1s500ms"}, {31'536'000'000, "1y"}};
  for (const auto& [ms, text] : cases) {
    EXPECT_EQ(format_duration(std::chrono::milliseconds(ms)), text);
  }
}

TEST(Duration, SurvivesWritingAndReading) {
  for (std::int64_t ms = 1; ms < 4'000'000'000'000; ms = ms * 7 + 3) {
    const auto parsed = parse_duration(format_duration(std::chrono::milliseconds(ms)));
    ASSERT_TRUE(parsed) << ms;
    EXPECT_EQ(parsed->count(), ms);
  }
}

TEST(Duration, IsTheSameInEveryLocale) {
  const test::GermanLocale german;
  EXPECT_EQ(format_duration(std::chrono::milliseconds(31'536'000'000'000)), "1000y");
  EXPECT_EQ(parse_duration("1000y")->count(), 31'536'000'000'000);
  EXPECT_FALSE(parse_duration("1.000y"));
}

}  // namespace
}  // namespace backstay
