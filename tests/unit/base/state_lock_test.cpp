#include "base/state_lock.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

struct StateLockTest : ::testing::Test {
  test::TemporaryFolder folder;
  const std::string dir = folder.path("var/lib/backstay");
};

TEST_F(StateLockTest, MakesTheFolderForItsOwnerAlone) {
  const auto lock = StateLock::acquire(dir);
  ASSERT_TRUE(lock) << lock.error().message;
  struct stat info {};
  ASSERT_EQ(::stat(dir.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(StateLockTest, ASecondIsRefusedAtOnce) {
  const auto first = StateLock::acquire(dir);
  ASSERT_TRUE(first);
  const auto second = StateLock::acquire(dir);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, dir + "/lock is held: another process works on this state_dir");
}

TEST_F(StateLockTest, IsFreeOnceItsHolderIsGone) {
  { ASSERT_TRUE(StateLock::acquire(dir)); }
  EXPECT_TRUE(StateLock::acquire(dir));
}

TEST_F(StateLockTest, MovedItIsStillHeldOnce) {
  std::optional<StateLock> kept;
  {
    auto lock = StateLock::acquire(dir);
    ASSERT_TRUE(lock);
    kept.emplace(std::move(*lock));
  }
  EXPECT_FALSE(StateLock::acquire(dir));
  kept.reset();
  EXPECT_TRUE(StateLock::acquire(dir));
}

TEST_F(StateLockTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder.path("var")) << "a file in its place";
  const auto lock = StateLock::acquire(dir);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message.rfind("state_dir " + dir + ": ", 0), 0u) << lock.error().message;
}

}  // namespace
}  // namespace backstay
