#include "exporter/sources/checkpoint_file.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

struct CheckpointFileTest : ::testing::Test {
  void write(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  std::string on_disk() const {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string problem() const {
    const auto read = read_checkpoint(path);
    return read ? "none" : read.error().message;
  }

  test::TemporaryFolder folder;
  const std::string path = folder.path("checkpoint");
};

TEST_F(CheckpointFileTest, WhatIsReadIsWhatWasWrittenLast) {
  const std::string record("any\0bytes\n", 10);
  ASSERT_TRUE(write_checkpoint(path, "the first"));
  ASSERT_TRUE(write_checkpoint(path, record));
  EXPECT_EQ(**read_checkpoint(path), record);
}

TEST_F(CheckpointFileTest, NoFileIsNoRecordAndNoProblem) {
  const auto read = read_checkpoint(path);
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST_F(CheckpointFileTest, AnyByteThatChangedAndAnyEndThatIsMissingShows) {
  ASSERT_TRUE(write_checkpoint(path, "12 places and 34 counters"));
  const std::string whole = on_disk();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write(changed);
    EXPECT_NE(problem(), "none") << "byte " << i;
    write(whole.substr(0, i));
    EXPECT_NE(problem(), "none") << "cut at " << i;
  }
  write(whole + "x");
  EXPECT_EQ(problem(), path + ": is damaged");
}

TEST_F(CheckpointFileTest, AFileOfAnotherKindIsSaidSo) {
  write("some log line\n");
  EXPECT_EQ(problem(), path + ": is no checkpoint");
}

TEST_F(CheckpointFileTest, AFolderThatIsNotThereIsAnErrorThatNamesIt) {
  const auto written = write_checkpoint(folder.path("nowhere/checkpoint"), "x");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find(folder.path("nowhere/checkpoint")), std::string::npos);
}

}  // namespace
}  // namespace backstay::sources
