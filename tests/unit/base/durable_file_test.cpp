#include "base/durable_file.h"

#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

// While it lives, no file of this process can grow past so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes_max) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes_max, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

struct DurableFileTest : ::testing::Test {
  std::string content() const {
    const auto text = read_file_if_there(path);
    if (!text) return "failed: " + text.error().message;
    return text->value_or("(no file)");
  }
  test::TemporaryFolder folder;
  const std::string path = folder.path("state.json");
};

TEST_F(DurableFileTest, ReadsWhatWasWritten) {
  EXPECT_EQ(content(), "(no file)");
  const std::string large(100'000, 'x');
  ASSERT_TRUE(write_durably(path, large));
  EXPECT_EQ(content(), large);
  ASSERT_TRUE(write_durably(path, "short"));
  EXPECT_EQ(content(), "short");
}

TEST_F(DurableFileTest, IsForItsOwnerAloneAndLeavesNothingBeside) {
  ASSERT_TRUE(write_durably(path, "a"));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(DurableFileTest, AFullDiskLeavesTheOldFile) {
  ASSERT_TRUE(write_durably(path, "old"));
  Result<void> written;
  {
    const FullDisk full(1000);
    written = write_durably(path, std::string(5000, 'x'));
  }
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, path + ".new: File too large");
  EXPECT_EQ(content(), "old");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(DurableFileTest, AFolderThatIsGoneIsNamed) {
  const auto written = write_durably(folder.path("nowhere/state.json"), "a");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message,
            folder.path("nowhere/state.json.new") + ": No such file or directory");
}

}  // namespace
}  // namespace backstay
