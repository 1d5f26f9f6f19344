#include "receiver/journal/checkpoints.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "receiver/journal/database.h"
#include "tests/temporary_folder.h"

namespace backstay::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPage = 4096;
constexpr std::int64_t kCommit = 100 * kPage;
constexpr std::int64_t kDue = Checkpoints::kDuePages * kPage;

struct CheckpointsTest : ::testing::Test {
  void SetUp() override { open_with("texts"); }
  void open_with(const std::string& table) {
    auto opened = Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
    ASSERT_TRUE(database->write(
        [&](Transaction& tx) { tx.prepare("CREATE TABLE " + table + " (text TEXT)").run(); }));
  }
  void commit() {
    const std::string text(kCommit, 'x');
    ASSERT_TRUE(database->write(
        [&](Transaction& tx) { tx.prepare("INSERT INTO texts VALUES (?)").bind(text).run(); }));
    written += kCommit;
  }
  // Commits until the condition holds; false where it does not, however much is written.
  bool commit_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) commit();
    return condition();
  }
  std::int64_t size(const std::string& name) const {
    return static_cast<std::int64_t>(fs::file_size(folder.path(name)));
  }

  test::TemporaryFolder folder;
  std::unique_ptr<Database> database;
  std::int64_t written = 0;
};

TEST_F(CheckpointsTest, TheLogIsCopiedAndBegunAnewBesideTheCommits) {
  EXPECT_TRUE(commit_until([&]() { return size("journal.db") > 3 * kDue; }));
  EXPECT_LT(size("journal.db-wal"), Checkpoints::kPagesMax * (kPage + 24) + 2 * kCommit);
}

TEST_F(CheckpointsTest, AShortLogIsLeftAlone) {
  const std::int64_t before = size("journal.db");
  while (written < kDue / 2) commit();
  EXPECT_EQ(size("journal.db"), before);
}

TEST_F(CheckpointsTest, WhoReadsAnOldStateHoldsNothingUp) {
  auto reader = Database::open_to_read(folder.path("journal.db"));
  ASSERT_TRUE(reader);
  ASSERT_TRUE((*reader)->read([&](Transaction& tx) {
    Statement count = tx.prepare("SELECT count(*) FROM texts");
    ASSERT_TRUE(count.next());
    while (written < 4 * kDue) commit();
    EXPECT_GE(size("journal.db-wal"), 4 * kDue) << "it is still needed";
  }));
  EXPECT_TRUE(commit_until([&]() { return size("journal.db") > 4 * kDue; })) << "it is no more";
}

// Commits go into the log and read what is cached: nobody else would come upon it.
TEST_F(CheckpointsTest, AFileThatACheckpointFindsDamagedIsDamagedForAll) {
  for (int i = 0; i < 10; ++i) commit();
  database.reset();
  open_with("more");
  fs::resize_file(folder.path("journal.db"), kPage);
  const std::string text(kCommit, 'x');
  for (int i = 0; i < 200 && database->damage().empty(); ++i) {
    (void)database->write([&](Transaction& tx) {
      tx.prepare("INSERT INTO more (text) VALUES (?)").bind(text).run();
    });
  }
  EXPECT_NE(database->damage().find("the file is damaged: "), std::string::npos);
  EXPECT_FALSE(database->write([](Transaction&) {})) << "what rests on such a file is nothing";
}

TEST_F(CheckpointsTest, AllIsInOneFileAfterTheEnd) {
  commit();
  database.reset();
  EXPECT_FALSE(fs::exists(folder.path("journal.db-wal")));
  EXPECT_GT(size("journal.db"), kCommit);
}

}  // namespace
}  // namespace backstay::journal
