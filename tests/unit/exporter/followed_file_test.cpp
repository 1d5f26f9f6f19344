#include "exporter/sources/followed_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

struct FollowedFileTest : ::testing::Test {
  void append(const std::string& text) { std::ofstream(path, std::ios::app) << text; }
  std::string all_from_here() {
    const auto bytes = file->read(buffer, buffer.size());
    return bytes ? std::string(*bytes) : "unreadable";
  }

  test::TemporaryFolder folder;
  const std::string path = folder.path("access.log");
  std::string buffer = std::string(64, ' ');
  std::unique_ptr<FollowedFile> file;
};

TEST_F(FollowedFileTest, IsReadFromItsPlaceAsFarAsThereIsRoom) {
  append("one\ntwo\n");
  file = FollowedFile::open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size, 8u);
  EXPECT_EQ(all_from_here(), "one\ntwo\n");
  EXPECT_EQ(file->read(buffer, 3), "one");
  file->place.offset = 4;
  EXPECT_EQ(all_from_here(), "two\n");
  file->place.offset = 100;
  EXPECT_EQ(all_from_here(), "");
}

TEST_F(FollowedFileTest, WhatIsNoFileIsNotOpened) {
  EXPECT_FALSE(FollowedFile::open(path));
  EXPECT_FALSE(FollowedFile::open(folder.path()));
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(FollowedFile::open(folder.path("pipe"))) << "and nobody waits for a writer";
}

TEST_F(FollowedFileTest, ItSeesThatItGrowsAndThatItsNameIsGone) {
  append("one\n");
  file = FollowedFile::open(path);
  append("two\n");
  ASSERT_TRUE(file->look());
  EXPECT_EQ(file->size, 8u);
  EXPECT_FALSE(file->is_deleted);
  std::filesystem::rename(path, folder.path("access.log.1"));
  ASSERT_TRUE(file->look());
  EXPECT_FALSE(file->is_deleted);
  std::filesystem::remove(folder.path("access.log.1"));
  ASSERT_TRUE(file->look());
  EXPECT_TRUE(file->is_deleted);
  EXPECT_EQ(all_from_here(), "one\ntwo\n") << "what is open can be read";
}

TEST_F(FollowedFileTest, FromTheEndOnLeavesOutTheLineThatIsBeingWritten) {
  append("one\ntw");
  file = FollowedFile::open(path);
  file->skip_to_end();
  EXPECT_EQ(file->place.offset, 6u);
  EXPECT_TRUE(file->place.in_long_line);
  append("o\n");
  file->look();
  file->skip_to_end();
  EXPECT_FALSE(file->place.in_long_line);
}

TEST_F(FollowedFileTest, KnowsItsPlaceAgainUnlessTheFileIsAnother) {
  append("one\ntwo\n");
  file = FollowedFile::open(path);
  file->skip_to_end();
  const FilePlace place = file->place;
  append("three\n");
  file->look();
  EXPECT_TRUE(file->is_at(place));
  FilePlace of_another = place;
  of_another.inode += 1;
  EXPECT_FALSE(file->is_at(of_another));
  std::ofstream(path) << "quite another file in the same inode\n";
  file->look();
  EXPECT_FALSE(file->is_at(place)) << "it begins otherwise";
  std::filesystem::resize_file(path, 2);
  file->look();
  EXPECT_FALSE(file->is_at(place)) << "what was read is not there any more";
}

TEST_F(FollowedFileTest, AHoleBeforeTheFirstLineIsPassedOver) {
  const std::uintmax_t hole = 1024 * 1024 * 1024;  // of no size on the disk
  append("");
  std::filesystem::resize_file(path, hole);
  append("one\n");
  file = FollowedFile::open(path);
  ASSERT_TRUE(file->skip_leading_nuls(buffer, buffer.size()));
  EXPECT_EQ(file->place.offset, hole);
  EXPECT_EQ(all_from_here(), "one\n");
}

TEST_F(FollowedFileTest, OfNothingButNulsThePlaceStays) {
  append(std::string(200, '\0'));
  file = FollowedFile::open(path);
  EXPECT_FALSE(file->skip_leading_nuls(buffer, buffer.size()));
  EXPECT_EQ(file->place.offset, 0u);
}

TEST_F(FollowedFileTest, BegunAnewItIsAFileOfWhichNothingWasRead) {
  append("one\n");
  file = FollowedFile::open(path);
  file->skip_to_end();
  file->begin_anew();
  EXPECT_EQ(file->place.offset, 0u);
  EXPECT_EQ(file->place.head_size, 0u);
  EXPECT_EQ(file->place.path, path);
  EXPECT_EQ(all_from_here(), "one\n");
}

}  // namespace
}  // namespace backstay::sources
