#include "exporter/sources/line_cut.h"

#include <string>

#include <gtest/gtest.h>

#include "exporter/formats/access_event.h"

namespace backstay::sources {
namespace {

const std::string kLongest = std::string(formats::kLineBytesMax, 'x') + "\n";
const std::string kTooLong = "x" + kLongest;

TEST(LineCut, WholeLinesAreTakenAndHalfALineWaits) {
  const LineCut cut = cut_lines("one\n\ntwo\nhal", false);
  EXPECT_EQ(cut.lines, "one\n\ntwo\n");
  EXPECT_EQ(cut.taken, 9U);
  EXPECT_EQ(cut_lines("hal", false).taken, 0U);
  EXPECT_EQ(cut_lines("", false).taken, 0U);
}

TEST(LineCut, LinesOfTheLimitAreTakenTogether) {
  const std::string block = kLongest + "one\n" + kLongest + kLongest;
  EXPECT_EQ(cut_lines(block, false).lines, block);
}

TEST(LineCut, ALineOverTheLimitIsCutOut) {
  const std::string block = "one\n" + kTooLong + "two\n";
  EXPECT_EQ(cut_lines(block, false).lines, "one\n");
  const LineCut cut = cut_lines(std::string_view(block).substr(4), false);
  EXPECT_EQ(cut.lines, "");
  EXPECT_EQ(cut.taken, kTooLong.size());
  EXPECT_TRUE(cut.is_too_long);
  EXPECT_FALSE(cut.in_long_line);
}

TEST(LineCut, ALineOverTheLimitEndsInAnotherBlock) {
  const std::string whole = kTooLong.substr(0, kTooLong.size() - 1);
  LineCut cut = cut_lines(whole, false);
  EXPECT_TRUE(cut.is_too_long);
  EXPECT_TRUE(cut.in_long_line);
  EXPECT_EQ(cut.taken, whole.size());
  cut = cut_lines("more of it", true);
  EXPECT_FALSE(cut.is_too_long) << "it is counted once";
  EXPECT_TRUE(cut.in_long_line);
  cut = cut_lines("end\nnext\n", true);
  EXPECT_FALSE(cut.in_long_line);
  EXPECT_EQ(cut.taken, 4U);
  EXPECT_EQ(cut.lines, "");
}

TEST(LineCut, ALineOfTheLimitWithoutItsNewlineWaits) {
  EXPECT_EQ(cut_lines(std::string_view(kLongest).substr(0, formats::kLineBytesMax), false).taken,
            0U);
}

}  // namespace
}  // namespace backstay::sources
