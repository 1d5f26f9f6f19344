#include "exporter/sources/log_files.h"
#include "tests/unit/exporter/log_files_fixture.h"

namespace backstay::sources {
namespace {

struct LogFilesGlob : LogFilesFixture {};

TEST_F(LogFilesGlob, AGlobFollowsAllThatMatchAndNothingCompressed) {
  write("old\n", "a.log");
  follow(LogFiles::From::end, "*.log*");
  write("a\n", "a.log");
  write("b\n", "b.log");
  write("no\n", "a.log.2.gz");
  write("no\n", "c.txt");
  std::filesystem::create_directory(folder.path("d.log"));
  EXPECT_EQ(polled(), Lines{"a"}) << "the folder is looked at once a second";
  EXPECT_EQ(scanned(), Lines{"b"});
  EXPECT_EQ(counters().files_open, 2U);
  EXPECT_TRUE(counters().is_readable);
}

TEST_F(LogFilesGlob, AFileThatIsRenamedWithinTheGlobIsNotReadAgain) {
  write("one\n");
  follow(LogFiles::From::start, "access.log*");
  EXPECT_EQ(scanned(), Lines{"one"});
  rename("access.log", "access.log.1");
  write("late\n", "access.log.1");
  write("two\n");
  EXPECT_EQ(scanned(), (Lines{"late", "two"}));
  EXPECT_EQ(counters().rotations, 1U);
  EXPECT_EQ(counters().files_open, 2U);
  rename("access.log.1", "access.log.2");
  rename("access.log", "access.log.1");
  write("three\n");
  EXPECT_EQ(scanned(), Lines{"three"});
  compress("access.log.2");
  EXPECT_EQ(scanned(), Lines{});
  clock.advance(LogFiles::kGrace);
  EXPECT_EQ(scanned(), Lines{});
  EXPECT_EQ(counters().files_open, 2U);
  EXPECT_EQ(counters().rotations, 2U);
}

TEST_F(LogFilesGlob, ACopyWithinTheGlobIsNotReadTwice) {
  write("one\n");
  follow(LogFiles::From::start, "access.log*");
  EXPECT_EQ(scanned(), Lines{"one"});
  // The copy is seen before the truncation.
  write("one\n", "access.log.1");
  EXPECT_EQ(scanned(), Lines{});
  write("two\n");
  copy_truncate("access.log", "access.log.1");
  write("three\n");
  EXPECT_EQ(scanned(), (Lines{"two", "three"}));
  EXPECT_EQ(scanned(), Lines{});
}

TEST_F(LogFilesGlob, NoMoreFilesAreOpenThanTheLimit) {
  for (std::size_t i = 0; i < LogFiles::kFilesMax + 3; ++i) {
    write("line\n", std::to_string(i) + ".log");
  }
  follow(LogFiles::From::start, "*.log");
  EXPECT_EQ(polled().size(), LogFiles::kFilesMax);
  EXPECT_EQ(counters().files_open, LogFiles::kFilesMax);
  EXPECT_EQ(counters().files_refused, 3U);
}

}  // namespace
}  // namespace backstay::sources
