#include "exporter/formats/field_time.h"

#include <gtest/gtest.h>

namespace backstay::formats {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t ns_of(std::string_view text) {
  const auto time = parse_time(text);
  return time ? time->unix_ns : -1;
}

TEST(FieldTime, Iso) {
  EXPECT_EQ(ns_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ns_of("2026-11-23T08:13:04Z"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("2026-11-23T08:13:04.25Z"), 1795421584 * kSecond + kSecond / 4);
  EXPECT_EQ(ns_of("2026-11-23T08:13:04.123456789Z"), 1795421584 * kSecond + 123456789);
  EXPECT_EQ(ns_of("2026-11-23T08:13:04.1234567899Z"), 1795421584 * kSecond + 123456789);
  EXPECT_EQ(ns_of("2026-11-23 08:13:04,250"), 1795421584 * kSecond + kSecond / 4);
  EXPECT_EQ(ns_of("2026-11-23T09:13:04+01:00"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("2026-11-23T09:13:04+0100"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("2026-11-23T09:13:04+01"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("2026-11-23T02:43:04-05:30"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("2024-02-29T00:00:00Z"), 1709164800 * kSecond);
  EXPECT_EQ(ns_of("2100-03-01T00:00:00Z"), 4107542400 * kSecond);  // 2100 has no leap day
}

TEST(FieldTime, AsNginxAndApacheWriteIt) {
  EXPECT_EQ(ns_of("23/Nov/2026:08:13:04 +0000"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("23/Nov/2026:09:13:04 +0100"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("23/Nov/2026:08:13:04.655"), 1795421584 * kSecond + 655'000'000);
  EXPECT_EQ(ns_of("01/Jan/1970:00:00:00 +0000"), 0);
}

TEST(FieldTime, NumbersSayTheirUnitByTheirSize) {
  EXPECT_EQ(ns_of("1795421584"), 1795421584 * kSecond);
  EXPECT_EQ(ns_of("1795421584.25"), 1795421584 * kSecond + kSecond / 4);
  EXPECT_EQ(ns_of("1795421584250"), 1795421584 * kSecond + kSecond / 4);
  EXPECT_EQ(ns_of("1795421584250.5"), 1795421584 * kSecond + kSecond / 4 + 500'000);
  EXPECT_EQ(ns_of("1795421584250000"), 1795421584 * kSecond + kSecond / 4);
  EXPECT_EQ(ns_of("1795421584250000001"), 1795421584 * kSecond + kSecond / 4 + 1);
  EXPECT_EQ(ns_of("1545155129703000000"), 1545155129 * kSecond + 703'000'000);
}

TEST(FieldTime, OnlyWhatIsFinerThanASecondIsExact) {
  EXPECT_FALSE(parse_time("2026-11-23T08:13:04Z")->is_exact);
  EXPECT_FALSE(parse_time("1795421584")->is_exact);
  EXPECT_TRUE(parse_time("2026-11-23T08:13:04.0Z")->is_exact);
  EXPECT_TRUE(parse_time("1795421584.0")->is_exact);
  EXPECT_TRUE(parse_time("1795421584000")->is_exact);
}

TEST(FieldTime, WhatIsNoTimeIsNone) {
  for (const std::string_view text : {"",
                                      "-",
                                      "now",
                                      "-1",
                                      "1e400",
                                      "nan",
                                      "12.",
                                      ".5",
                                      "1.2.3",
                                      "2026-11-23",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-11-32T00:00:00Z",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T08:60:00Z",
                                      "2026-11-23T08:13:04.Z",
                                      "2026-11-23T08:13:04+1",
                                      "2026-11-23T08:13:04 UTC",
                                      "2026-11-23T08:13Z",
                                      "1969-12-31T23:59:59Z",
                                      "9999-12-31T23:59:59Z",
                                      "23/XXX/2026:08:13:04 +0000",
                                      "23/ovD/2026:08:13:04 +0000",
                                      "23/Nov/2026",
                                      "9300000000000000000",
                                      "99999999999999999",
                                      "99999999999",
                                      "18446744073709551616"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace backstay::formats
