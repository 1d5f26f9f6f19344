#include "base/timestamp.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/base/german_locale.h"

namespace backstay {
namespace {

constexpr std::int64_t kMorning = 1'795'421'584'000;  // 2026-11-23T08:13:04Z

TEST(Timestamp, IsReadFromRfc3339) {
  const std::vector<std::pair<std::string, std::int64_t>> cases{
      {"1970-01-01T00:00:00Z", 0},
      {"2026-11-23T08:13:04Z", kMorning},
      {"2026-11-23t08:13:04z", kMorning},
      {"2026-11-23 08:13:04Z", kMorning},
      {"2026-11-23T08:13:04+00:00", kMorning},
      {"2026-11-23T08:13:04-00:00", kMorning},
      {"2026-11-23T09:13:04+01:00", kMorning},
      {"2026-11-22T22:43:04-09:30", kMorning},
      {"2026-11-23T08:13:04.2Z", kMorning + 200},
      {"2026-11-23T08:13:04.25Z", kMorning + 250},
      {"2026-11-23T08:13:04.250Z", kMorning + 250},
      {"2026-11-23T08:13:04.250999999Z", kMorning + 250},  // as Go writes it
      {"2024-02-29T12:00:00Z", 1'709'208'000'000},
      {"2016-12-31T23:59:60Z", 1'483'228'800'000},  // a leap second is the next one
      {"1969-12-31T23:59:59.999Z", -1},
      {"9999-12-31T23:59:59.999Z", 253'402'300'799'999},
      {"0000-01-01T00:00:00Z", -62'167'219'200'000},
  };
  for (const auto& [text, ms] : cases) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_unix_ms(*time), ms) << text;
  }
}

TEST(Timestamp, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "now",
                           "1795421584",
                           "2026-11-23",
                           "2026-11-23T08:13:04",
                           "2026-11-23T08:13Z",
                           "2026-13-23T08:13:04Z",
                           "2026-00-23T08:13:04Z",
                           "2026-11-31T08:13:04Z",
                           "2026-02-29T08:13:04Z",
                           "2026-11-23T24:13:04Z",
                           "2026-11-23T08:60:04Z",
                           "2026-11-23T08:13:61Z",
                           "2026-11-23T08:13:04.Z",
                           "2026-11-23T08:13:04,5Z",
                           "2026-11-23T08:13:04+0100",
                           "2026-11-23T08:13:04+24:00",
                           "2026-11-23T08:13:04+01:60",
                           "2026-11-23T08:13:04 Z",
                           "2026-11-23T08:13:04ZZ",
                           " 2026-11-23T08:13:04Z",
                           "26-11-23T08:13:04Z",
                           "+2026-11-23T08:13:04Z",
                           "2026-1-23T08:13:04Z",
                           "2026-11-23T-8:13:04Z",
                           "9999-12-31T12:00:00-12:00",
                           "9999-12-31T23:59:60Z",
                           "0000-01-01T00:00:00+00:01"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Timestamp, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(from_unix_ms(kMorning + 7)), "2026-11-23T08:13:04.007Z");
  EXPECT_EQ(format_rfc3339(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Timestamp, OfAnyNumberCanBeWritten) {
  EXPECT_EQ(format_rfc3339(from_unix_ms(std::numeric_limits<std::int64_t>::min())),
            "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(from_unix_ms(std::numeric_limits<std::int64_t>::max())),
            "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_unix_ms(from_unix_ms(1'795'420'800'123)), 1'795'420'800'123);
}

TEST(Timestamp, SurvivesWritingAndReading) {
  for (std::int64_t ms = -60'000'000'000; ms < 4'000'000'000'000; ms += 98'765'432'101) {
    const auto time = parse_rfc3339(format_rfc3339(from_unix_ms(ms)));
    ASSERT_TRUE(time) << ms;
    EXPECT_EQ(to_unix_ms(*time), ms);
  }
}

TEST(Timestamp, IsSecondsWithFractionForPrometheus) {
  EXPECT_DOUBLE_EQ(to_unix_seconds(from_unix_ms(kMorning + 250)), 1'795'421'584.25);
}

TEST(Timestamp, IsTheSameInEveryLocale) {
  const test::GermanLocale german;
  EXPECT_EQ(format_rfc3339(from_unix_ms(kMorning + 250)), "2026-11-23T08:13:04.250Z");
  EXPECT_EQ(to_unix_ms(*parse_rfc3339("2026-11-23T08:13:04.250Z")), kMorning + 250);
}

}  // namespace
}  // namespace backstay
