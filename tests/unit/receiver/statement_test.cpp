#include "receiver/journal/statement.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "receiver/journal/sqlite_error.h"

namespace backstay::journal {
namespace {

struct PreparedStatementsTest : ::testing::Test {
  PreparedStatementsTest() {
    EXPECT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
    statements = std::make_unique<PreparedStatements>(db);
    statements->lend("CREATE TABLE numbers (n INTEGER UNIQUE, word TEXT)").run();
  }
  ~PreparedStatementsTest() override {
    statements.reset();
    EXPECT_EQ(sqlite3_close(db), SQLITE_OK) << "a statement was not ended";
  }
  void insert(std::int64_t n) {
    statements->lend("INSERT INTO numbers (n) VALUES (?)").bind(n).run();
  }

  sqlite3* db = nullptr;
  std::unique_ptr<PreparedStatements> statements;
};

constexpr const char* kAll = "SELECT n FROM numbers ORDER BY n";

TEST_F(PreparedStatementsTest, TheSameTextIsPreparedOnce) {
  const std::size_t before = statements->kept();
  for (int n = 0; n < 10; ++n) insert(n);
  EXPECT_EQ(statements->kept(), before + 1);
}

TEST_F(PreparedStatementsTest, EachUseBeginsAtTheFirstRow) {
  insert(1);
  insert(2);
  for (int i = 0; i < 3; ++i) {
    Statement select = statements->lend(kAll);
    ASSERT_TRUE(select.next());
    EXPECT_EQ(select.integer(0), 1) << "and leaves the second row unread";
  }
}

TEST_F(PreparedStatementsTest, AnEarlierUseLeavesNoValueBehind) {
  constexpr const char* kInsert = "INSERT INTO numbers (n, word) VALUES (?, ?)";
  statements->lend(kInsert).bind(1).bind("one").run();
  statements->lend(kInsert).bind(2).run();
  Statement select = statements->lend("SELECT word FROM numbers WHERE n = 2");
  ASSERT_TRUE(select.next());
  EXPECT_EQ(select.maybe_text(0), std::nullopt);
}

TEST_F(PreparedStatementsTest, TheSameTextWithinItselfIsAnotherStatement) {
  insert(1);
  insert(2);
  Statement outer = statements->lend(kAll);
  int pairs = 0;
  while (outer.next()) {
    for (Statement inner = statements->lend(kAll); inner.next();) ++pairs;
  }
  EXPECT_EQ(pairs, 4);
}

TEST_F(PreparedStatementsTest, OneThatFailedWorksTheNextTime) {
  insert(1);
  EXPECT_THROW(insert(1), SqliteError);
  insert(2);
  Statement select = statements->lend("SELECT count(*) FROM numbers");
  ASSERT_TRUE(select.next());
  EXPECT_EQ(select.integer(0), 2);
}

TEST_F(PreparedStatementsTest, ATableThatChangesIsNoticed) {
  {
    Statement select = statements->lend("SELECT * FROM numbers");
    EXPECT_EQ(select.columns(), 2);
  }
  statements->lend("ALTER TABLE numbers ADD COLUMN more TEXT").run();
  insert(1);
  Statement select = statements->lend("SELECT * FROM numbers");
  ASSERT_TRUE(select.next());
  EXPECT_EQ(select.columns(), 3);
}

TEST_F(PreparedStatementsTest, NoMoreAreKeptThanTheLimit) {
  for (std::size_t i = 0; i < 2 * PreparedStatements::kKeptMax; ++i) {
    Statement select = statements->lend("SELECT " + std::to_string(i));
    ASSERT_TRUE(select.next());
    EXPECT_EQ(select.integer(0), static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(statements->kept(), PreparedStatements::kKeptMax);
}

TEST_F(PreparedStatementsTest, WhatCannotBePreparedSaysWhy) {
  EXPECT_THROW(statements->lend("SELECT nothing FROM nowhere"), SqliteError);
}

}  // namespace
}  // namespace backstay::journal
