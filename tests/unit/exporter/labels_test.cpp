#include "exporter/metrics/labels.h"

#include <gtest/gtest.h>

namespace backstay::metrics {
namespace {

TEST(Labels, AreWrittenSortedByNameAndEscaped) {
  EXPECT_EQ(Labels({{"b", "2"}, {"a", "1"}}).text(), "a=\"1\",b=\"2\"");
  EXPECT_EQ(Labels({{"a", "quote \" backslash \\ newline \n"}}).text(),
            "a=\"quote \\\" backslash \\\\ newline \\n\"");
  EXPECT_EQ(Labels().text(), "");
}

TEST(Labels, AreEqualWhateverTheirOrder) {
  EXPECT_EQ(Labels({{"a", "1"}, {"b", "2"}}), Labels({{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(Labels({{"a", "1"}}), Labels({{"a", "2"}}));
  EXPECT_NE(Labels({{"a", "x\",b=\"y"}}), Labels({{"a", "x"}, {"b", "y"}}));
}

TEST(Labels, AreAlwaysUtf8) { EXPECT_EQ(Labels({{"a", "caf\xe9"}}).text(), "a=\"caf\uFFFD\""); }

TEST(Labels, GiveBackWhatTheyWereGiven) {
  const std::map<std::string, std::string> pairs{
      {"a", "\\n is no newline"}, {"b", "x=\"1\",y\n"}, {"c", ""}};
  EXPECT_EQ(Labels({{"c", ""}, {"a", pairs.at("a")}, {"b", pairs.at("b")}}).pairs(), pairs);
  EXPECT_EQ(Labels({{"c", ""}}).with("a", pairs.at("a")).with("b", pairs.at("b")).pairs(), pairs);
}

}  // namespace
}  // namespace backstay::metrics
