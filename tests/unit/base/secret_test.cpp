#include "base/secret.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& value) {
  value == value;
};
template <class T>
concept Addable = requires(const T& value) {
  std::string() + value;
};

static_assert(Streamable<std::string> && Comparable<std::string> && Addable<std::string>);
static_assert(!Streamable<Secret> && !Comparable<Secret> && !Addable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_constructible_v<std::string_view, Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!Streamable<SecretSource> && !std::is_convertible_v<SecretSource, std::string>);

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string value_of(const SecretSource& source) {
  const auto secret = source.read();
  return secret ? secret->reveal() : "error: " + secret.error().message;
}

// A Secret in memory that can be looked at. Short, so that its bytes lie in the object itself.
class Vault {
 public:
  explicit Vault(const std::string& value) : secret_(new (bytes_.data()) Secret(value)) {}
  ~Vault() { std::destroy_at(secret_); }
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  Secret& secret() { return *secret_; }
  [[nodiscard]] bool holds(std::string_view text) const {
    return std::string_view(bytes_.data(), bytes_.size()).find(text) != std::string_view::npos;
  }

 private:
  alignas(Secret) std::array<char, sizeof(Secret)> bytes_{};
  Secret* secret_;
};

TEST(Secret, EqualsOnlyItself) {
  const Secret secret("s3cret");
  EXPECT_TRUE(secret.equals("s3cret"));
  EXPECT_FALSE(secret.equals("s3creT"));
  EXPECT_FALSE(secret.equals("s3cre"));
  EXPECT_FALSE(secret.equals("s3cret "));
  EXPECT_FALSE(secret.equals(""));
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, LeavesNoCopyBehindWhenItMoves) {
  Vault vault("t0ps3cret");
  ASSERT_TRUE(vault.holds("t0ps3cret"));
  const Secret taken(std::move(vault.secret()));
  EXPECT_EQ(taken.reveal(), "t0ps3cret");
  EXPECT_FALSE(vault.holds("0ps3cre"));

  Vault second("t0ps3cret");
  Secret target("old");
  target = std::move(second.secret());
  EXPECT_EQ(target.reveal(), "t0ps3cret");
  EXPECT_FALSE(second.holds("0ps3cre"));
}

TEST(Secret, LeavesNoRestOfTheOldValueWhenItIsAssigned) {
  Vault vault("0ld-s3cret");
  vault.secret() = Secret("new");
  EXPECT_EQ(vault.secret().reveal(), "new");
  EXPECT_FALSE(vault.holds("s3cret"));

  Vault copied("0ld-s3cret");
  const Secret fresh("new");
  copied.secret() = fresh;
  EXPECT_EQ(copied.secret().reveal(), "new");
  EXPECT_EQ(fresh.reveal(), "new");
  EXPECT_FALSE(copied.holds("s3cret"));

  Vault emptied("0ld-s3cret");
  emptied.secret() = Secret();
  EXPECT_TRUE(emptied.secret().empty());
  EXPECT_FALSE(emptied.holds("s3cret"));
}

TEST(Secret, SurvivesAssignmentToItself) {
  Secret secret("t0ps3cret");
  const Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), "t0ps3cret");
}

TEST(SecretSource, DropsTheNewlineAtTheEndOfAFile) {
  const test::TemporaryFolder folder;
  const SecretSource source = SecretSource::file(folder.path("token"));
  write(folder.path("token"), "abc\r\n");
  EXPECT_EQ(value_of(source), "abc");
  EXPECT_EQ(source.description(), "file " + folder.path("token"));
  write(folder.path("token"), " two\nlines \n\n");
  EXPECT_EQ(value_of(source), " two\nlines ");
}

TEST(SecretSource, ReadsARotatedFileAnew) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("token");
  const SecretSource source = SecretSource::file(path);
  const SecretSource copy = source;  // NOLINT(performance-unnecessary-copy-initialization)
  // Same path, same size, and one right after the other: no clock of a file system is that fine.
  for (int i = 0; i < 50; ++i) {
    const std::string value = "token-" + std::to_string(100 + i);
    write(path, value);
    EXPECT_EQ(value_of(source), value);
    EXPECT_EQ(value_of(copy), value);
  }
  write(path + ".new", "token-200");  // and by renaming, as most tools do it
  std::filesystem::rename(path + ".new", path);
  EXPECT_EQ(value_of(source), "token-200");
}

// rsync and cp --preserve keep the time of modification.
TEST(SecretSource, IsNotMisledByAnOldTimeOfModification) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("token");
  const SecretSource source = SecretSource::file(path);
  write(path, "first");
  const auto an_hour_ago = std::filesystem::last_write_time(path) - std::chrono::hours(1);
  std::filesystem::last_write_time(path, an_hour_ago);
  EXPECT_EQ(value_of(source), "first");
  write(path, "other");
  std::filesystem::last_write_time(path, an_hour_ago);
  EXPECT_EQ(value_of(source), "other");
}

TEST(SecretSource, SaysWhyAFileGivesNoSecret) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("token");
  const SecretSource source = SecretSource::file(path);
  EXPECT_EQ(value_of(source), "error: " + path + ": No such file or directory");
  write(path, "t0ps3cret");
  EXPECT_EQ(value_of(source), "t0ps3cret");
  write(path, "\n");  // no old value after it has been taken away
  EXPECT_EQ(value_of(source), "error: " + path + ": the file is empty");
  std::filesystem::remove(path);
  EXPECT_EQ(value_of(source), "error: " + path + ": No such file or directory");
  EXPECT_EQ(value_of(SecretSource::file(folder.path())),
            "error: " + folder.path() + ": not a regular file");
  write(path, std::string(100'000, 'x'));
  EXPECT_EQ(value_of(source), "error: " + path + ": larger than 65536 bytes");
}

TEST(SecretSource, DoesNotWaitForAPipe) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(value_of(SecretSource::file(folder.path("fifo"))),
            "error: " + folder.path("fifo") + ": not a regular file");
}

TEST(SecretSource, ReadsAnEnvironmentVariable) {
  const SecretSource source = SecretSource::environment("BACKSTAY_TEST_TOKEN");
  ::unsetenv("BACKSTAY_TEST_TOKEN");
  EXPECT_EQ(value_of(source), "error: environment variable BACKSTAY_TEST_TOKEN is not set");
  ::setenv("BACKSTAY_TEST_TOKEN", "", 1);
  EXPECT_EQ(value_of(source), "error: environment variable BACKSTAY_TEST_TOKEN is not set");
  ::setenv("BACKSTAY_TEST_TOKEN", "abc", 1);
  EXPECT_EQ(value_of(source), "abc");
  ::unsetenv("BACKSTAY_TEST_TOKEN");
}

TEST(SecretSource, HoldsALiteral) {
  const SecretSource source = SecretSource::literal(Secret("abc"));
  EXPECT_EQ(value_of(source), "abc");
  EXPECT_EQ(source.description(), "the configuration");
}

}  // namespace
}  // namespace backstay
