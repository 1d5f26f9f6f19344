// Both ways of rotation on one log between two polls, or while the exporter was down.
#include <algorithm>

#include "exporter/sources/log_files.h"
#include "tests/unit/exporter/log_files_fixture.h"

namespace backstay::sources {
namespace {

struct LogFilesMixed : LogFilesFixture, ::testing::WithParamInterface<bool> {
  void SetUp() override {
    write("one\n");
    follow(LogFiles::From::start);
    ASSERT_EQ(polled(), Lines{"one"});
    if (GetParam()) stop();
    write("two\n");
  }
  Lines then() {
    if (GetParam()) start();
    return polled();
  }
};

TEST_P(LogFilesMixed, TruncatedThenRenamed) {
  copy_truncate("access.log", "access.log.2");
  write("three\n");
  rename("access.log", "access.log.1");
  write("four\n");
  EXPECT_EQ(then(), (Lines{"two", "three", "four"}));
  EXPECT_EQ(counters().files_lost, 0U);
  EXPECT_GE(counters().truncations, 1U);
}

TEST_P(LogFilesMixed, RenamedThenTruncated) {
  rename("access.log", "access.log.2");
  write("three\n");
  copy_truncate("access.log", "access.log.1");
  write("four\n");
  EXPECT_EQ(then(), (Lines{"two", "three", "four"}));
  EXPECT_EQ(counters().files_lost, 0U);
}

TEST_P(LogFilesMixed, TruncatedAndRenamedAndTruncated) {
  copy_truncate("access.log", "access.log.3");
  write("three\n");
  rename("access.log", "access.log.2");
  write("four\n");
  copy_truncate("access.log", "access.log.1");
  write("five\n");
  Lines got = then();  // the times of all files are the same: in any order
  std::sort(got.begin(), got.end());
  EXPECT_EQ(got, (Lines{"five", "four", "three", "two"}));
}

// The limit that docs/LOGS.md names: there is no telling that from two files that begin alike.
TEST_P(LogFilesMixed, ACopyWithoutATruncationIsAFileOfItsOwnOnceTheFileIsRenamed) {
  std::filesystem::copy_file(folder.path("access.log"), folder.path("access.log.bak"));
  write("", "access.log.bak");
  rename("access.log", "access.log.1");
  write("three\n");
  EXPECT_EQ(then(), (Lines{"two", "one", "two", "three"}));
  EXPECT_EQ(counters().rotations, 2U) << "one more than there was";
}

// The other one, while it runs: nothing of the file was read, by which its copy could be told.
// After a start all that is new beside a file is looked at.
TEST_P(LogFilesMixed, TheCopyOfAFileThatWasEmptyIsFoundAtAStart) {
  std::filesystem::resize_file(folder.path("access.log"), 0);
  follow(LogFiles::From::start);
  polled();
  if (GetParam()) stop();
  write("two\n");
  copy_truncate("access.log", "access.log.1");
  write("three\n");
  EXPECT_EQ(then(), GetParam() ? (Lines{"three", "two"}) : Lines{"three"});
  EXPECT_EQ(counters().truncations, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, LogFilesMixed, ::testing::Values(false, true),
                         [](const auto& tested) { return tested.param ? "Down" : "Running"; });

}  // namespace
}  // namespace backstay::sources
