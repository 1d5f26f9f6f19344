#include "receiver/actions/manifest.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "tests/looked_at_clock.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

namespace fs = std::filesystem;

struct ManifestTest : ::testing::Test {
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(folder.path(name)).parent_path());
    std::ofstream(folder.path(name), std::ios::binary) << text;
  }
  std::vector<ManifestFile> hashed() const {
    auto files = hash_files(folder.path(), unlimited());
    EXPECT_TRUE(files) << files.error().message;
    std::sort(files->begin(), files->end(),
              [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
    return *files;
  }
  ReadingLimit unlimited() const { return {clock, clock.steady() + std::chrono::hours(1), {}}; }
  std::string error() const {
    const auto manifest = read_manifest(folder.path());
    return manifest ? "none" : manifest.error().message;
  }
  test::TemporaryFolder folder;
  test::LookedAtClock clock;
};

TEST_F(ManifestTest, NamesEveryFileWithItsSizeAndItsSha256) {
  write("database/toc.dat", "abc");
  write("globals.sql", "");
  write("manifest.json", "not itself");
  const auto files = hashed();
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "database/toc.dat");
  EXPECT_EQ(files[0].bytes, 3u);
  EXPECT_EQ(files[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(files[1].path, "globals.sql");
  EXPECT_EQ(files[1].bytes, 0u);
  EXPECT_EQ(files[1].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(ManifestTest, AFileLargerThanAReadIsHashedWhole) {
  write("large", std::string(1'000'000, 'a'));
  EXPECT_EQ(hashed().at(0).sha256,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Of a file of gigabytes neither is to wait for the end.
TEST_F(ManifestTest, AStopIsNoticedInTheMiddleOfAFile) {
  write("large", std::string(1'000'000, 'a'));
  std::stop_source stop;
  clock.on_look = [&](int look) {
    if (look == 5) stop.request_stop();
    EXPECT_LE(look, 5);
  };
  const auto files = hash_files(folder.path(), {clock, SteadyTime::max(), stop.get_token()});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message, "stopped while reading " + folder.path("large"));
}

TEST_F(ManifestTest, TheDeadlineIsNoticedInTheMiddleOfAFile) {
  write("large", std::string(1'000'000, 'a'));
  const SteadyTime deadline = clock.steady() + std::chrono::seconds(5);
  clock.on_look = [&](int look) {
    clock.advance(std::chrono::seconds(1));
    EXPECT_LE(look, 6);
  };
  const auto files = hash_files(folder.path(), {clock, deadline, {}});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message,
            "no end within its deadline: was reading " + folder.path("large"));
}

TEST_F(ManifestTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_FALSE(hash_files(folder.path("nowhere"), unlimited()));
  EXPECT_FALSE(write_manifest(folder.path("nowhere"), {}));
}

TEST_F(ManifestTest, ComesBackAsItWasWritten) {
  write("database/toc.dat", "abc");
  const Manifest manifest{"20261123T081304Z-run4",
                          parse_rfc3339("2026-11-23T08:13:04.250Z").value_or(WallTime()), "2",
                          hashed()};
  ASSERT_TRUE(write_manifest(folder.path(), manifest));
  const auto read = read_manifest(folder.path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->id, manifest.id);
  EXPECT_EQ(read->created_at, manifest.created_at);
  EXPECT_EQ(read->release, "2");
  ASSERT_EQ(read->files.size(), 1u);
  EXPECT_EQ(read->files[0].path, "database/toc.dat");
  EXPECT_EQ(read->files[0].sha256, manifest.files[0].sha256);
}

TEST_F(ManifestTest, AFileThatIsNoLongerThereIsNotVouchedFor) {
  EXPECT_FALSE(write_manifest(folder.path(), {"id", WallTime(), "2", {{"gone", 1, "00"}}}));
}

TEST_F(ManifestTest, WithoutOneTheFolderIsNamed) {
  EXPECT_EQ(error(), "no manifest in " + folder.path());
}

TEST_F(ManifestTest, ADamagedOneIsSaidSo) {
  for (const char* text : {"", "{", "[]", "{}", R"({"format": 1})", "\xff\xfe",
                           R"({"format": 1, "id": 5, "created_at": "2026-11-23T08:13:04Z",
                               "service_release": "2", "files": []})",
                           R"({"format": 1, "id": "a", "created_at": "2026-11-23T08:13:04Z",
                               "service_release": "2", "files": [{"path": "a"}]})"}) {
    write("manifest.json", text);
    EXPECT_EQ(error(), "the manifest in " + folder.path() + " is damaged") << text;
  }
}

TEST_F(ManifestTest, OneOfAnotherFormatIsNotGuessedAt) {
  write("manifest.json", R"({"format": 2})");
  EXPECT_EQ(error(), "the manifest in " + folder.path() + " has another format");
}

// Reading a folder as a file throws deep inside the stream.
TEST_F(ManifestTest, AFolderInItsPlaceIsAnError) {
  fs::create_directory(folder.path("manifest.json"));
  EXPECT_NE(error(), "none");
}

}  // namespace
}  // namespace backstay
