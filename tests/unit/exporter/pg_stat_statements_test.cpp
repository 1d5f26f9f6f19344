#include "exporter/collectors/pg/pg_stat_statements.h"

#include <gtest/gtest.h>

namespace backstay::collectors {
namespace {

bool has(const std::string& sql, const std::string& text) {
  return sql.find(text) != std::string::npos;
}

// 1.8 came with PostgreSQL 13, 1.12 with 18.
TEST(PgStatStatements, ColumnsAreThoseOfTheExtensionsVersion) {
  for (const int version : {1008, 1009, 1010, 1011, 1012}) {
    const std::string sql = statements_sql({}, "public", version);
    EXPECT_TRUE(has(sql, "sum(total_exec_time)")) << version;
    EXPECT_EQ(has(sql, "sum(shared_blk_read_time)"), version >= 1011) << version;
    EXPECT_EQ(has(sql, "sum(blk_read_time)"), version < 1011) << version;
  }
}

TEST(PgStatStatements, TheTextIsNotEvenReadUnlessAskedFor) {
  PgOptions options;
  EXPECT_TRUE(has(statements_sql(options, "public", 1010), "pg_stat_statements(false)"));
  options.has_query_text = true;
  EXPECT_TRUE(has(statements_sql(options, "public", 1010), "pg_stat_statements(true)"));
}

TEST(PgStatStatements, OptionsAreLimits) {
  PgOptions options;
  options.statements_top = 7;
  options.slow_over = std::chrono::milliseconds(250);
  const std::string sql = statements_sql(options, "\"My schema\"", 1010);
  EXPECT_TRUE(has(sql, "LIMIT 7"));
  EXPECT_TRUE(has(sql, "s.calls * 250"));
  EXPECT_TRUE(has(sql, "s.max_ms > 250"));
  EXPECT_TRUE(has(sql, "\"My schema\".pg_stat_statements("));
}

}  // namespace
}  // namespace backstay::collectors
