#include "exporter/sources/neighbours.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

// A folder where others rename files after each listing, as long as the test wants.
class BusyFolder final : public LogFolder {
 public:
  std::optional<std::vector<FoundFile>> list(const std::string& path) override {
    ++listings;
    auto listing = LogFolder::list(path);
    if (after_listing) after_listing();
    return listing;
  }
  std::function<void()> after_listing;
  int listings = 0;
};

struct NeighboursTest : ::testing::Test {
  void write(const std::string& name, const std::string& text, int seconds = 0) {
    std::ofstream(folder.path(name)) << text;
    const auto changed = std::filesystem::last_write_time(folder.path(name));
    std::filesystem::last_write_time(
        folder.path(name), changed - std::chrono::hours(1) + std::chrono::seconds(seconds));
  }
  void rename(const std::string& from, const std::string& to) {
    std::filesystem::rename(folder.path(from), folder.path(to));
  }
  Neighbours open(std::size_t enough = static_cast<std::size_t>(-1)) {
    const auto is_wanted = [this](const FoundFile& found) {
      return found.path == path || is_rotated_name(path, found.path);
    };
    return open_neighbours(busy, path, is_wanted, enough);
  }
  static std::vector<std::string> texts(const Neighbours& neighbours) {
    std::vector<std::string> read;
    std::string buffer(64, ' ');
    for (const Neighbour& each : neighbours.opened) {
      read.emplace_back(each.file->read(buffer, buffer.size()).value_or("unreadable"));
    }
    return read;
  }
  using Texts = std::vector<std::string>;

  test::TemporaryFolder folder;
  const std::string path = folder.path("access.log");
  BusyFolder busy;
};

TEST_F(NeighboursTest, OpensWhatIsWantedTheOldestFirst) {
  write("access.log", "c", 3);
  write("access.log.2", "a", 1);
  write("access.log.1", "b", 2);
  write("error.log", "another's", 0);
  const Neighbours found = open();
  EXPECT_TRUE(found.is_readable);
  EXPECT_TRUE(found.is_settled);
  EXPECT_EQ(texts(found), (Texts{"a", "b", "c"}));
  ASSERT_TRUE(found.standing);
  EXPECT_EQ(found.standing->path, path);
}

TEST_F(NeighboursTest, ARotationMeanwhileLosesNoFileAndOpensNoneTwice) {
  write("access.log", "b", 2);
  write("access.log.1", "a", 1);
  busy.after_listing = [this]() {
    busy.after_listing = nullptr;
    rename("access.log.1", "access.log.2");
    rename("access.log", "access.log.1");
    write("access.log", "c", 3);
  };
  const Neighbours found = open();
  EXPECT_TRUE(found.is_settled);
  EXPECT_EQ(texts(found), (Texts{"a", "b", "c"}));
}

TEST_F(NeighboursTest, OthersThatComeAndGoInTheFolderUnsettleNothing) {
  write("access.log", "a");
  busy.after_listing = [this]() { write("other-" + std::to_string(busy.listings), "x"); };
  EXPECT_TRUE(open().is_settled);
  EXPECT_EQ(busy.listings, 2);
}

TEST_F(NeighboursTest, AFolderThatNeverRestsIsGivenUp) {
  write("access.log", "a");
  busy.after_listing = [this]() {
    const bool is_there = std::filesystem::exists(path);
    is_there ? rename("access.log", "access.log.1") : rename("access.log.1", "access.log");
  };
  const Neighbours found = open();
  EXPECT_FALSE(found.is_settled);
  EXPECT_EQ(busy.listings, kListingsMax);
}

TEST_F(NeighboursTest, NoLongerThanUntilThereAreEnough) {
  write("access.log", "b", 2);
  write("access.log.1", "a", 1);
  EXPECT_EQ(open(1).opened.size(), 2u) << "one listing is looked through whole";
  EXPECT_EQ(busy.listings, 1);
}

TEST_F(NeighboursTest, AFolderThatIsNotThereIsSaidSo) {
  const Neighbours found =
      open_neighbours(busy, folder.path("none/access.log"), [](const FoundFile&) { return true; });
  EXPECT_FALSE(found.is_readable);
  EXPECT_TRUE(found.opened.empty());
}

}  // namespace
}  // namespace backstay::sources
