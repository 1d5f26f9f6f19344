#include "exporter/sources/log_tail.h"

#include <fstream>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "exporter/formats/access_event.h"
#include "tests/manual_clock.h"
#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

using Lines = std::vector<std::string>;

struct LogTailTest : ::testing::Test {
  void write(const std::string& text, const std::string& name = "access.log") {
    std::ofstream(folder.path(name), std::ios::app) << text;
  }
  void rename(const std::string& from, const std::string& to) {
    std::filesystem::rename(folder.path(from), folder.path(to));
  }
  void follow(LogTail::From from = LogTail::From::end) {
    const auto sink = [this](std::string_view line) { lines.emplace_back(line); };
    tail = std::make_unique<LogTail>(folder.path("access.log"), from, sink, clock);
  }
  // What came since it was asked last.
  Lines polled() {
    tail->poll();
    return std::exchange(lines, {});
  }

  test::TemporaryFolder folder;
  test::ManualClock clock;
  Lines lines;
  std::unique_ptr<LogTail> tail;
};

TEST_F(LogTailTest, FollowsAFileThatIsThereFromItsEnd) {
  write("old\n");
  follow();
  EXPECT_EQ(polled(), Lines{});
  write("one\ntwo\n");
  EXPECT_EQ(polled(), (Lines{"one", "two"}));
  EXPECT_EQ(polled(), Lines{});
  EXPECT_TRUE(tail->counters().is_readable);
}

TEST_F(LogTailTest, ReadsFromTheStartWhereItIsTold) {
  write("one\n\ntwo\n");
  follow(LogTail::From::start);
  EXPECT_EQ(polled(), (Lines{"one", "", "two"}));
}

TEST_F(LogTailTest, ALineCountsOnceItsNewlineIsThere) {
  write("");
  follow();
  write("on");
  EXPECT_EQ(polled(), Lines{});
  write("e\ntw");
  EXPECT_EQ(polled(), Lines{"one"});
  write("o\n");
  EXPECT_EQ(polled(), Lines{"two"});
}

TEST_F(LogTailTest, FinishHandsOverALastLineWithoutNewline) {
  write("one\ntwo");
  follow(LogTail::From::start);
  EXPECT_EQ(polled(), Lines{"one"});
  tail->finish();
  tail->finish();
  EXPECT_EQ(lines, Lines{"two"});
}

TEST_F(LogTailTest, StartsInTheMiddleOfALine) {
  write("old\nhalf of a li");
  follow();
  write("ne\nwhole\n");
  EXPECT_EQ(polled(), Lines{"whole"});
}

TEST_F(LogTailTest, AFileThatAppearsLaterIsReadFromItsStart) {
  follow();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(tail->counters().is_readable);
  write("one\n");
  EXPECT_EQ(polled(), Lines{"one"});
  EXPECT_TRUE(tail->counters().is_readable);
  EXPECT_EQ(tail->counters().rotations, 0U);
}

TEST_F(LogTailTest, AfterARenameBothFilesAreReadForAGracePeriod) {
  write("");
  follow();
  write("before\n");
  rename("access.log", "access.log.1");
  write("late half", "access.log.1");
  // The path is free for a moment; nothing is lost and nothing is new.
  EXPECT_EQ(polled(), Lines{"before"});
  write("new\n");
  EXPECT_EQ(polled(), Lines{"new"});
  EXPECT_EQ(tail->counters().rotations, 1U);
  // nginx writes to the old file until it is told to open its logs again.
  write(" and its end\nlater\n", "access.log.1");
  EXPECT_EQ(polled(), (Lines{"late half and its end", "later"}));
  clock.advance(LogTail::kGrace);
  write("at the last moment\n", "access.log.1");
  EXPECT_EQ(polled(), Lines{"at the last moment"});
  write("too late\n", "access.log.1");
  write("new again\n");
  EXPECT_EQ(polled(), Lines{"new again"});
}

TEST_F(LogTailTest, RotatedTwiceWithinTheGracePeriod) {
  write("");
  follow();
  rename("access.log", "access.log.2");
  write("b\n");
  EXPECT_EQ(polled(), Lines{"b"});
  rename("access.log", "access.log.1");
  write("c\n");
  EXPECT_EQ(polled(), Lines{"c"});
  write("of a\n", "access.log.2");
  write("of b\n", "access.log.1");
  EXPECT_EQ(polled(), (Lines{"of a", "of b"}));
  EXPECT_EQ(tail->counters().rotations, 2U);
}

TEST_F(LogTailTest, CopyTruncateReadsTheFileFromItsStartAgain) {
  write("");
  follow();
  write("before\nhalf of a line");
  EXPECT_EQ(polled(), Lines{"before"});
  std::filesystem::resize_file(folder.path("access.log"), 0);
  write("after\n");
  EXPECT_EQ(polled(), Lines{"after"});
  EXPECT_EQ(tail->counters().truncations, 1U);
  EXPECT_EQ(tail->counters().rotations, 0U);
}

TEST_F(LogTailTest, AFileReplacedByAnother) {
  write("old\n");
  follow();
  write("new one\nnew two\n", "next");
  rename("next", "access.log");
  EXPECT_EQ(polled(), (Lines{"new one", "new two"}));
  EXPECT_EQ(tail->counters().rotations, 1U);
}

TEST_F(LogTailTest, ALineOverTheLimitIsSkippedAndTheFileGoesOn) {
  write("");
  follow();
  const std::string longest(formats::kLineBytesMax, 'x');
  write(longest + "\n" + longest + "x\nnext\n");
  EXPECT_EQ(polled(), (Lines{longest, "next"}));
  EXPECT_EQ(tail->counters().lines_too_long, 1U);
}

TEST_F(LogTailTest, ALineWithoutEndIsNotKeptInMemory) {
  write("");
  follow();
  const std::string piece(formats::kLineBytesMax, 'x');
  for (int i = 0; i < 10; ++i) {
    write(piece);
    EXPECT_EQ(polled(), Lines{});
  }
  EXPECT_EQ(tail->counters().lines_too_long, 1U);
  write("end\nnext\n");
  EXPECT_EQ(polled(), Lines{"next"});
  EXPECT_EQ(tail->counters().lines_too_long, 1U);
}

TEST_F(LogTailTest, ManyLinesInOneRound) {
  write("");
  follow();
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  write(text);
  const Lines read = polled();
  ASSERT_EQ(read.size(), 100'000U);
  EXPECT_EQ(read.back(), "line 99999");
  EXPECT_EQ(tail->counters().lag_bytes, 0U);
}

TEST_F(LogTailTest, WhatIsNoFileIsNotReadable) {
  std::filesystem::create_directory(folder.path("access.log"));
  follow();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(tail->counters().is_readable);
  std::filesystem::remove(folder.path("access.log"));
  write("one\n");
  EXPECT_EQ(polled(), Lines{"one"});
}

// In containers an access log is often a link to /dev/stdout, which is a pipe.
TEST_F(LogTailTest, APipeDoesNotHoldTheProcess) {
  ASSERT_EQ(::mkfifo(folder.path("access.log").c_str(), 0600), 0);
  follow();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(tail->counters().is_readable);
}

TEST_F(LogTailTest, AFileReplacedByWhatCannotBeReadIsSaidToBeUnreadable) {
  write("");
  follow();
  rename("access.log", "access.log.1");
  std::filesystem::create_directory(folder.path("access.log"));
  write("late\n", "access.log.1");
  EXPECT_EQ(polled(), Lines{"late"});
  EXPECT_FALSE(tail->counters().is_readable);
}

}  // namespace
}  // namespace backstay::sources
