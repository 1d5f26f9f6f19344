#include "exporter/sources/log_files.h"
#include "tests/unit/exporter/log_files_fixture.h"

namespace backstay::sources {
namespace {

// The process was down for a minute, and the log went on.
struct LogFilesRecovery : LogFilesFixture {
  void SetUp() override {
    write("one\n");
    follow(LogFiles::From::start);
    ASSERT_EQ(polled(), Lines{"one"});
  }
};

TEST_F(LogFilesRecovery, GoesOnWhereItWas) {
  write("two\nha");
  EXPECT_EQ(polled(), Lines{"two"});
  stop();
  write("lf\nfour\n");
  start();
  EXPECT_EQ(polled(), (Lines{"half", "four"}));
  EXPECT_EQ(counters().files_lost + counters().truncations + counters().rotations, 0U);
}

TEST_F(LogFilesRecovery, ReadsTheRestOfAFileThatWasRotated) {
  stop();
  write("two\n");
  rename("access.log", "access.log.1");
  write("three\n");
  start();
  EXPECT_EQ(polled(), (Lines{"two", "three"}));
  EXPECT_EQ(counters().rotations, 1U);
  write("late\n", "access.log.1");
  EXPECT_EQ(polled(), Lines{"late"});
}

TEST_F(LogFilesRecovery, ReadsWhatWasWrittenAndRotatedMeanwhileOldestFirst) {
  write("of last week\n", "access.log.9");
  clock.advance(std::chrono::hours(1));
  stop();
  write("two\n");
  rename("access.log", "access.log.11");
  for (const char* name : {"access.log.10", "access.log.8", "access.log.7"}) {
    clock.advance(std::chrono::seconds(10));
    write(std::string("in ") + name + "\n", name);
  }
  compress("access.log.7");
  write("no\n", "access.log.api");
  clock.advance(std::chrono::seconds(10));
  write("now\n");
  start();
  EXPECT_EQ(polled(), (Lines{"two", "in access.log.10", "in access.log.8", "now"}));
  EXPECT_EQ(counters().rotations, 3U);
  EXPECT_EQ(counters().files_lost, 0U);
}

TEST_F(LogFilesRecovery, CountsAFileThatWasCompressed) {
  stop();
  write("lost\n");
  compress("access.log");
  remove("access.log.gz");  // the inode may be used again
  write("now\n");
  start();
  EXPECT_EQ(polled(), Lines{"now"});
  EXPECT_EQ(counters().files_lost + counters().truncations, 1U);
  stop();
  start();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_lost, 0U) << "once";
}

TEST_F(LogFilesRecovery, CountsAFileThatIsGone) {
  stop();
  compress("access.log");
  start();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_lost, 1U);
  EXPECT_FALSE(counters().is_readable);
}

TEST_F(LogFilesRecovery, AFileWithTheInodeOfAnotherIsNew) {
  stop();
  // The same inode, as far as the place can tell; and as long as it was, or longer.
  std::filesystem::resize_file(folder.path("access.log"), 0);
  write("new\nmore\n");
  start();
  EXPECT_EQ(polled(), (Lines{"new", "more"}));
  EXPECT_EQ(counters().files_lost, 1U);
}

TEST_F(LogFilesRecovery, AFileThatIsShorterWasTruncated) {
  write("two is longer\n");
  polled();
  stop();
  std::filesystem::resize_file(folder.path("access.log"), 0);
  write("new\n");
  start();
  EXPECT_EQ(polled(), Lines{"new"});
  EXPECT_EQ(counters().truncations, 1U);
  EXPECT_EQ(counters().files_lost, 0U);
}

TEST_F(LogFilesRecovery, TheRestBeforeCopyTruncateIsReadFromTheCopy) {
  stop();
  write("two\n");
  copy_truncate("access.log", "access.log.2");
  clock.advance(std::chrono::seconds(5));
  write("three\n");
  copy_truncate("access.log", "access.log.1");
  write("four\n");
  start();
  EXPECT_EQ(polled(), (Lines{"two", "three", "four"}));
  EXPECT_EQ(counters().files_lost, 0U);
  EXPECT_EQ(counters().truncations, 1U);
}

TEST_F(LogFilesRecovery, ACopyOfAFileThatGoesOnIsNotRead) {
  stop();
  write("two\n");
  std::filesystem::copy_file(folder.path("access.log"), folder.path("access.log.1"));
  write("", "access.log.1");
  start();
  EXPECT_EQ(polled(), Lines{"two"});
}

TEST_F(LogFilesRecovery, AFileThatWasReadAndClosedIsNotReadAgain) {
  rename("access.log", "access.log.1");
  write("two\n");
  EXPECT_EQ(polled(), Lines{"two"});
  clock.advance(LogFiles::kGrace);
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_open, 1U);
  stop();
  // The writer was never told to open the new one.
  write("late\n", "access.log.1");
  rename("access.log.1", "access.log.2");
  rename("access.log", "access.log.1");
  write("three\n");
  start();
  EXPECT_EQ(polled(), (Lines{"late", "three"}));
}

TEST_F(LogFilesRecovery, AFileThatWasReadAndClosedIsNotMissed) {
  rename("access.log", "access.log.1");
  write("two\n");
  polled();
  clock.advance(LogFiles::kGrace);
  polled();
  stop();
  compress("access.log.1");
  start();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_lost, 0U);
}

TEST_F(LogFilesRecovery, AFileThatDidNotExistYet) {
  remove("access.log");
  polled();
  clock.advance(LogFiles::kGrace);
  polled();
  places.clear();
  saved_at_ms = clock.now().time_since_epoch().count();
  clock.advance(std::chrono::minutes(1));
  write("two\n", "access.log.1");
  write("three\n");
  start();
  EXPECT_EQ(polled(), (Lines{"two", "three"}));
}

TEST_F(LogFilesRecovery, AFolderThatComesBackLater) {
  write("two\n");
  stop();
  const std::string away = folder.path() + ".away";
  std::filesystem::rename(folder.path(), away);
  start();
  EXPECT_EQ(polled(), Lines{});
  EXPECT_EQ(counters().files_lost, 0U);
  std::filesystem::rename(away, folder.path());
  EXPECT_EQ(polled(), Lines{"two"});
}

TEST_F(LogFilesRecovery, AFileThatMayNotBeReadAtFirst) {
  write("two\n");
  stop();
  ::chmod(folder.path().c_str(), 0755);
  ::chmod(folder.path("access.log").c_str(), 0);
  const uid_t self = ::geteuid();
  // Root may read anything.
  ASSERT_EQ(::seteuid(self == 0 ? 65534 : self), 0);
  start();
  const Lines nothing = polled();
  stop();
  start();
  ASSERT_EQ(::seteuid(self), 0);
  ::chmod(folder.path("access.log").c_str(), 0600);
  EXPECT_EQ(nothing, Lines{});
  EXPECT_EQ(polled(), Lines{"two"});
  EXPECT_EQ(counters().files_lost, 0U);
}

TEST_F(LogFilesRecovery, AGlobAfterRotationWithinAndWithoutIt) {
  files.reset();
  write("b one\n", "b.log");
  follow(LogFiles::From::start, "*.log");
  EXPECT_EQ(polled().size(), 2U);
  stop();
  write("two\n");
  rename("access.log", "access-20261125.log");
  clock.advance(std::chrono::seconds(5));
  write("b two\n", "b.log");
  rename("b.log", "b.log.2");
  clock.advance(std::chrono::seconds(5));
  write("b three\n", "b.log.1");
  clock.advance(std::chrono::seconds(5));
  write("b four\n", "b.log");
  clock.advance(std::chrono::seconds(5));
  write("three\n");
  start("*.log");
  EXPECT_EQ(polled(), (Lines{"two", "b two", "b three", "b four", "three"}));
}

}  // namespace
}  // namespace backstay::sources
