#include "base/complaints.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

using std::chrono::milliseconds;

TEST(Complaints, AreToldOnceAndThenRarely) {
  Complaints complaints;
  const SteadyTime start{std::chrono::hours(1)};
  EXPECT_TRUE(complaints.is_due("the disk is full", start));
  EXPECT_FALSE(complaints.is_due("the disk is full", start + milliseconds(500)));
  EXPECT_FALSE(
      complaints.is_due("the disk is full", start + Complaints::kRepeatAfter - milliseconds(1)));
  EXPECT_TRUE(complaints.is_due("the disk is full", start + Complaints::kRepeatAfter));
  EXPECT_FALSE(
      complaints.is_due("the disk is full", start + Complaints::kRepeatAfter + milliseconds(500)));
}

TEST(Complaints, ANewOneIsToldAtOnce) {
  Complaints complaints;
  const SteadyTime start{std::chrono::hours(1)};
  EXPECT_TRUE(complaints.is_due("the disk is full", start));
  EXPECT_TRUE(complaints.is_due("the file is damaged", start));
}

TEST(Complaints, WhatComesBackIsNew) {
  Complaints complaints;
  const SteadyTime start{std::chrono::hours(1)};
  EXPECT_TRUE(complaints.is_due("the disk is full", start));
  complaints.over();
  EXPECT_TRUE(complaints.is_due("the disk is full", start + milliseconds(1)));
}

}  // namespace
}  // namespace backstay
