#include "exporter/sources/log_files.h"

#include "exporter/formats/parser.h"
#include "tests/unit/exporter/log_files_fixture.h"

namespace backstay::sources {
namespace {

struct LogFilesTest : LogFilesFixture {};

TEST_F(LogFilesTest, FollowsAFileThatIsThereFromItsEnd) {
  write("old\n");
  follow();
  EXPECT_EQ(polled(), Lines{});
  write("one\ntwo\n");
  EXPECT_EQ(polled(), (Lines{"one", "two"}));
  EXPECT_EQ(polled(), Lines{});
  EXPECT_TRUE(counters().is_readable);
}

TEST_F(LogFilesTest, ReadsFromTheStartWhereItIsTold) {
  write("one\n\ntwo\n");
  follow(LogFiles::From::start);
  EXPECT_EQ(polled(), (Lines{"one", "", "two"}));
}

TEST_F(LogFilesTest, ALineCountsOnceItsNewlineIsThere) {
  write("");
  follow();
  write("on");
  EXPECT_EQ(polled(), Lines{});
  write("e\ntw");
  EXPECT_EQ(polled(), Lines{"one"});
  write("o\n");
  EXPECT_EQ(polled(), Lines{"two"});
}

TEST_F(LogFilesTest, FinishHandsOverALastLineWithoutNewline) {
  write("one\ntwo");
  follow(LogFiles::From::start);
  files->finish(sink());
  EXPECT_EQ(lines, (Lines{"one", "two"}));
  files->finish(sink());
  EXPECT_EQ(lines, (Lines{"one", "two"}));
}

TEST_F(LogFilesTest, StartsInTheMiddleOfALine) {
  write("old\nhalf of a li");
  follow();
  write("ne\nwhole\n");
  EXPECT_EQ(polled(), Lines{"whole"});
  EXPECT_EQ(counters().lines_too_long, 0U);
}

TEST_F(LogFilesTest, AFileThatAppearsLaterIsReadFromItsStart) {
  follow();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(counters().is_readable);
  write("one\n");
  EXPECT_EQ(polled(), Lines{"one"});
  EXPECT_TRUE(counters().is_readable);
  EXPECT_EQ(counters().rotations, 0U);
}

TEST_F(LogFilesTest, AfterARenameBothFilesAreReadForAGracePeriod) {
  write("");
  follow();
  write("before\n");
  rename("access.log", "access.log.1");
  write("late half", "access.log.1");
  // The path is free for a moment; nothing is lost and nothing is new.
  EXPECT_EQ(polled(), Lines{"before"});
  EXPECT_TRUE(counters().is_readable);
  write("new\n");
  EXPECT_EQ(polled(), Lines{"new"});
  EXPECT_EQ(counters().rotations, 1U);
  // nginx writes to the old file until it is told to open its logs again.
  write(" and its end\nlater\n", "access.log.1");
  EXPECT_EQ(polled(), (Lines{"late half and its end", "later"}));
  clock.advance(LogFiles::kGrace);
  write("at the last moment\n", "access.log.1");
  EXPECT_EQ(polled(), Lines{"at the last moment"});
  clock.advance(LogFiles::kGrace);
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_open, 1U);
  write("too late\n", "access.log.1");
  write("new again\n");
  EXPECT_EQ(polled(), Lines{"new again"});
}

TEST_F(LogFilesTest, WithoutANewFileTheOldOneIsFollowedOn) {
  write("");
  follow();
  rename("access.log", "access.log.1");
  EXPECT_EQ(polled(), Lines{});
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(counters().is_readable);
  write("the writer was never told\n", "access.log.1");
  EXPECT_EQ(polled(), Lines{"the writer was never told"});
}

TEST_F(LogFilesTest, ADeletedFileIsLetGo) {
  write("one\n");
  follow(LogFiles::From::start);
  remove("access.log");
  EXPECT_EQ(polled(), Lines{"one"});
  clock.advance(LogFiles::kGrace);
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_open, 0U);
}

TEST_F(LogFilesTest, RotatedTwiceWithinTheGracePeriod) {
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
  EXPECT_EQ(counters().rotations, 2U);
}

TEST_F(LogFilesTest, RotatedSeveralTimesBetweenTwoPolls) {
  write("a1\n");
  follow(LogFiles::From::start);
  EXPECT_EQ(polled(), Lines{"a1"});
  write("a2\n");
  rename("access.log", "access.log.3");
  clock.advance(std::chrono::seconds(5));
  write("b\n", "access.log.2");
  clock.advance(std::chrono::seconds(5));
  write("c\n", "access.log.1");
  write("not of this log\n", "access.log.api");
  clock.advance(std::chrono::seconds(5));
  write("d\n");
  EXPECT_EQ(polled(), (Lines{"a2", "b", "c", "d"}));
  EXPECT_EQ(counters().rotations, 3U);
}

TEST_F(LogFilesTest, WhatWasRotatedBeforeTheStartIsNotRead) {
  write("older\n", "access.log.1");
  clock.advance(std::chrono::seconds(1));
  write("");
  follow();
  EXPECT_EQ(polled(), Lines{});
  rename("access.log.1", "access.log.2");
  rename("access.log", "access.log.1");
  write("new\n");
  EXPECT_EQ(polled(), Lines{"new"});
}

TEST_F(LogFilesTest, AFileThatComesBackIsNotReadAgain) {
  write("one\n");
  follow(LogFiles::From::start, "*.log");
  EXPECT_EQ(scanned(), Lines{"one"});
  rename("access.log", "away");
  EXPECT_EQ(scanned(), Lines{});
  clock.advance(LogFiles::kGrace);
  EXPECT_EQ(scanned(), Lines{});
  EXPECT_EQ(counters().files_open, 0U);
  rename("away", "access.log");
  write("two\n");
  EXPECT_EQ(scanned(), Lines{"two"});
}

TEST_F(LogFilesTest, CopyTruncateReadsTheFileFromItsStartAgain) {
  write("");
  follow();
  write("before\nhalf of a line");
  EXPECT_EQ(polled(), Lines{"before"});
  copy_truncate("access.log", "access.log.1");
  write("after\n");
  EXPECT_EQ(polled(), Lines{"after"});
  EXPECT_EQ(counters().truncations, 1U);
  EXPECT_EQ(counters().rotations, 0U);
}

TEST_F(LogFilesTest, ATruncatedFileThatIsLongerAgainIsKnownByItsHead) {
  write("one\n");
  follow(LogFiles::From::start);
  EXPECT_EQ(polled(), Lines{"one"});
  copy_truncate("access.log", "access.log.1");
  write("longer than it was\nand more\n");
  EXPECT_EQ(polled(), (Lines{"longer than it was", "and more"}));
  EXPECT_EQ(counters().truncations, 1U);
}

TEST_F(LogFilesTest, WhatWasNotReadBeforeTheTruncationIsReadFromTheCopy) {
  write("one\n");
  follow(LogFiles::From::start);
  EXPECT_EQ(polled(), Lines{"one"});
  write("two\n");
  copy_truncate("access.log", "access.log.2");
  clock.advance(std::chrono::seconds(3));
  write("three is longer\n");
  copy_truncate("access.log", "access.log.1");
  clock.advance(std::chrono::seconds(3));
  write("four\n");
  EXPECT_EQ(polled(), (Lines{"two", "three is longer", "four"}));
}

// A writer without O_APPEND goes on where it was: the file begins with a hole.
TEST_F(LogFilesTest, TheHoleBeforeTheFirstLineIsSkipped) {
  const std::string path = folder.path("access.log");
  const Descriptor writer(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  follow();
  const std::string text = std::string(700'000, 'x') + "\none\n";
  ASSERT_EQ(::write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(polled(), Lines{"one"});
  std::filesystem::resize_file(path, 0);
  ASSERT_EQ(::write(writer.get(), "two\n", 4), 4);
  EXPECT_EQ(polled(), Lines{"two"});
  EXPECT_EQ(counters().truncations, 1U);
  ASSERT_EQ(::write(writer.get(), "three\n", 6), 6);
  EXPECT_EQ(polled(), Lines{"three"});
  EXPECT_EQ(counters().truncations, 1U);
  EXPECT_EQ(counters().lines_too_long, 1U) << "the first one";
}

TEST_F(LogFilesTest, NulsInALineAreOfTheLine) {
  follow();
  const std::string line("one\0two", 7);
  write(line + "\n");
  EXPECT_EQ(polled(), Lines{line});
}

TEST_F(LogFilesTest, AFileReplacedByAnother) {
  write("old\n");
  follow();
  write("new one\nnew two\n", "next");
  rename("next", "access.log");
  EXPECT_EQ(polled(), (Lines{"new one", "new two"}));
  EXPECT_EQ(counters().rotations, 1U);
}

TEST_F(LogFilesTest, ALineOverTheLimitIsSkippedAndTheFileGoesOn) {
  write("");
  follow();
  const std::string longest(formats::kLineBytesMax, 'x');
  write(longest + "\n" + longest + "x\nnext\n");
  EXPECT_EQ(polled(), (Lines{longest, "next"}));
  EXPECT_EQ(counters().lines_too_long, 1U);
}

TEST_F(LogFilesTest, ALineWithoutEndIsCountedOnceAlsoAcrossRestarts) {
  write("");
  follow();
  const std::string piece(formats::kLineBytesMax, 'x');
  std::uint64_t counted = 0;
  for (int i = 0; i < 10; ++i) {
    write(piece);
    EXPECT_EQ(polled(), Lines{});
    counted += counters().lines_too_long;
    stop();
    start();
  }
  EXPECT_EQ(counted, 1U);
  write("end\nnext\n");
  EXPECT_EQ(polled(), Lines{"next"});
  EXPECT_EQ(counters().lines_too_long, 0U);
}

TEST_F(LogFilesTest, ManyLinesInBlocksThatEndInTheMiddleOfALine) {
  follow();
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "line " + std::to_string(i) + "\n";
  write(text);
  std::string read;
  EXPECT_TRUE(files->poll([&](std::string_view block, const FilePlace& after) {
    ASSERT_LE(block.size(), LogFiles::kBlockBytes);
    read += block;
    ASSERT_EQ(after.offset, read.size());
    ASSERT_EQ(files->places().back(), after);
    // A sanitizer would say so.
    ASSERT_GE(std::string(block.data(), block.size() + formats::kReadableBeyond).size(), 64U);
  }));
  EXPECT_EQ(read, text);
  EXPECT_EQ(counters().lag_bytes, 0U);
}

TEST_F(LogFilesTest, MoreThanAPollTakesIsReadInTurnsAndShowsAsLag) {
  const std::string text = std::string(1023, 'x') + "\n";
  for (int i = 0; i < 6; ++i) {
    std::string megabyte;
    for (int k = 0; k < 1024; ++k) megabyte += text;
    write(megabyte, "a.log");
  }
  write("b\n", "b.log");
  follow(LogFiles::From::start, "*.log");
  const std::int64_t began = clock.now().time_since_epoch().count();
  clock.advance(std::chrono::milliseconds(50));
  EXPECT_TRUE(files->poll(sink()));
  EXPECT_LT(lines.size(), 6U * 1024);
  EXPECT_GT(counters().lag_bytes, 1024U * 1024);
  EXPECT_EQ(counters().caught_up_ms, began);
  polled();
  EXPECT_EQ(counters().lag_bytes, 0U);
  EXPECT_EQ(counters().caught_up_ms, clock.now().time_since_epoch().count());
}

TEST_F(LogFilesTest, WhatIsNoFileIsNotReadable) {
  std::filesystem::create_directory(folder.path("access.log"));
  follow();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(counters().is_readable);
  remove("access.log");
  write("one\n");
  EXPECT_EQ(polled(), Lines{"one"});
  EXPECT_TRUE(counters().is_readable);
}

TEST_F(LogFilesTest, AFileThatMayNotBeReadIsTriedAgain) {
  write("one\n");
  ::chmod(folder.path().c_str(), 0755);
  ::chmod(folder.path("access.log").c_str(), 0);
  const uid_t self = ::geteuid();
  // Root may read anything.
  ASSERT_EQ(::seteuid(self == 0 ? 65534 : self), 0);
  follow();
  const Lines nothing = polled();
  const bool was_readable = counters().is_readable;
  ASSERT_EQ(::seteuid(self), 0);
  ::chmod(folder.path("access.log").c_str(), 0600);
  EXPECT_EQ(nothing, Lines{});
  EXPECT_FALSE(was_readable);
  EXPECT_EQ(polled(), Lines{"one"});
  EXPECT_TRUE(counters().is_readable);
}

// In containers an access log is often a link to /dev/stdout, which is a pipe.
TEST_F(LogFilesTest, APipeDoesNotHoldTheProcess) {
  ASSERT_EQ(::mkfifo(folder.path("access.log").c_str(), 0600), 0);
  follow();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_FALSE(counters().is_readable);
}

TEST_F(LogFilesTest, AFileReplacedByWhatCannotBeReadIsSaidToBeUnreadable) {
  write("");
  follow();
  rename("access.log", "access.log.1");
  std::filesystem::create_directory(folder.path("access.log"));
  write("late\n", "access.log.1");
  EXPECT_EQ(polled(), Lines{"late"});
  EXPECT_FALSE(counters().is_readable);
}

}  // namespace
}  // namespace backstay::sources
