#include "receiver/journal/database.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::journal {
namespace {

// A table of its own, and a first write whose commit does not end before all others wait for it.
struct DatabaseTest : ::testing::Test {
  void SetUp() override {
    auto opened = Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
    ASSERT_TRUE(database->write([](Transaction& tx) {
      tx.prepare("CREATE TABLE texts (text TEXT NOT NULL UNIQUE)").run();
    }));
  }

  static void insert(Transaction& tx, const std::string& text) {
    tx.prepare("INSERT INTO texts VALUES (?)").bind(text).run();
  }
  std::vector<std::string> texts() {
    std::vector<std::string> found;
    EXPECT_TRUE(database->read([&](Transaction& tx) {
      Statement select = tx.prepare("SELECT text FROM texts ORDER BY text");
      while (select.next()) found.push_back(select.text(0));
    }));
    return found;
  }
  // What became of each: its error, or "".
  std::vector<std::string> write_behind_another(
      const std::vector<std::function<void(Transaction&)>>& works) {
    std::promise<void> begun;
    database->on_commit([&]() {
      if (commits.fetch_add(1) != 0) return;
      begun.set_value();
      while (database->writes_waiting() < works.size()) std::this_thread::yield();
    });
    std::vector<std::string> errors(works.size());
    {
      std::vector<std::jthread> threads;
      threads.emplace_back(
          [&]() { EXPECT_TRUE(database->write([](Transaction& tx) { insert(tx, "first"); })); });
      begun.get_future().wait();
      for (std::size_t i = 0; i < works.size(); ++i) {
        threads.emplace_back([&, i]() {
          const auto written = database->write(works[i]);
          if (!written) errors[i] = written.error().message;
        });
      }
    }
    database->on_commit(nullptr);
    return errors;
  }

  test::TemporaryFolder folder;
  std::unique_ptr<Database> database;
  std::atomic<int> commits{0};  // counted before and after each
};

TEST_F(DatabaseTest, WritesThatWaitAreOneCommit) {
  std::vector<std::function<void(Transaction&)>> works;
  for (const char* text : {"a", "b", "c", "d", "e"}) {
    works.emplace_back([text](Transaction& tx) { insert(tx, text); });
  }
  EXPECT_EQ(write_behind_another(works), std::vector<std::string>(5));
  EXPECT_EQ(commits, 4);
  EXPECT_EQ(texts(), (std::vector<std::string>{"a", "b", "c", "d", "e", "first"}));
}

TEST_F(DatabaseTest, OneThatFailsDoesNotTakeTheOthersWithIt) {
  const auto errors =
      write_behind_another({[](Transaction& tx) { insert(tx, "a"); },
                            [](Transaction& tx) {
                              insert(tx, "of the one that fails");
                              throw std::runtime_error("a reason");
                            },
                            [](Transaction& tx) { insert(tx, "first"); },  // is there already
                            [](Transaction& tx) { insert(tx, "b"); }});
  EXPECT_EQ(errors[0], "");
  EXPECT_EQ(errors[1], "journal: a reason");
  EXPECT_EQ(errors[2], "journal: UNIQUE constraint failed: texts.text");
  EXPECT_EQ(errors[3], "");
  EXPECT_EQ(texts(), (std::vector<std::string>{"a", "b", "first"}));
}

TEST_F(DatabaseTest, OnAFullDiskWhatWasPromisedIsThereAndNothingElse) {
  ASSERT_TRUE(database->read([](Transaction& tx) {
    Statement pages = tx.prepare("PRAGMA page_count");
    ASSERT_TRUE(pages.next());
    tx.prepare("PRAGMA max_page_count = " + std::to_string(pages.integer(0) + 2)).run();
  }));
  const std::string large(100'000, 'x');
  const auto errors = write_behind_another({[](Transaction& tx) { insert(tx, "a"); },
                                            [&](Transaction& tx) { insert(tx, large); },
                                            [](Transaction& tx) { insert(tx, "b"); }});
  EXPECT_EQ(errors[1], "journal: database or disk is full");
  std::vector<std::string> expected;
  if (errors[0].empty()) expected.emplace_back("a");
  if (errors[2].empty()) expected.emplace_back("b");
  expected.emplace_back("first");
  EXPECT_EQ(texts(), expected);
  EXPECT_TRUE(database->write([](Transaction& tx) { insert(tx, "later"); }));
}

TEST_F(DatabaseTest, WhoWouldTryAgainIsToldWhetherThatHelps) {
  using End = Written::End;
  EXPECT_EQ(database->try_to_write([](Transaction& tx) { insert(tx, "a"); }).end, End::on_disk);
  const Written twice = database->try_to_write([](Transaction& tx) { insert(tx, "a"); });
  EXPECT_EQ(twice.end, End::never);
  EXPECT_EQ(twice.why, "UNIQUE constraint failed: texts.text");
  EXPECT_EQ(database->try_to_write([](Transaction& tx) { tx.prepare("SELECT nothing").run(); }).end,
            End::never);
  EXPECT_EQ(database->try_to_write([](Transaction&) { throw std::runtime_error("a reason"); }).end,
            End::never);
  EXPECT_EQ(database->try_to_write([](Transaction&) { throw std::bad_alloc(); }).end, End::not_now);
  ASSERT_TRUE(database->read([](Transaction& tx) { tx.prepare("PRAGMA query_only=ON").run(); }));
  EXPECT_EQ(database->try_to_write([](Transaction& tx) { insert(tx, "b"); }).end, End::not_now);
}

}  // namespace
}  // namespace backstay::journal
