#include "exporter/collectors/pg/view_collector.h"

#include <gtest/gtest.h>

#include "exporter/collectors/pg/pg_stat_bgwriter.h"
#include "exporter/collectors/pg/pg_stat_checkpointer.h"
#include "exporter/collectors/pg/pg_stat_database.h"
#include "exporter/collectors/pg/pg_stat_progress_vacuum.h"
#include "exporter/collectors/pg/pg_stat_user_tables.h"

namespace backstay::collectors {
namespace {

bool has(const std::string& sql, const std::string& column) {
  return sql.find(column) != std::string::npos;
}

TEST(View, LabelsComeFirstThenValues) {
  const View view{"x",
                  {{"one", "a"}, {"two", "b"}},
                  {{"m", metrics::Type::gauge, "Help.", "c"},
                   {"n", metrics::Type::gauge, "Help.", "d", 150000},
                   {"o", metrics::Type::gauge, "Help.", "e", 0, 150000}},
                  "FROM t"};
  EXPECT_EQ(sql_of(view, 140009), "SELECT a, b, c, e FROM t");
  EXPECT_EQ(sql_of(view, 150000), "SELECT a, b, c, d FROM t");
}

TEST(View, WithoutAValueNothingIsAsked) {
  for (const int version : {130000, 140000, 150000, 160000}) {
    EXPECT_EQ(sql_of(pg_stat_checkpointer(), version), "") << version;
  }
  for (const int version : {170000, 180000}) {
    EXPECT_TRUE(has(sql_of(pg_stat_checkpointer(), version), "num_timed")) << version;
  }
}

TEST(View, ColumnsThatMovedAreAskedForWhereTheyAre) {
  for (const int version : {130000, 140000, 150000, 160000, 170000, 180000}) {
    const std::string bgwriter = sql_of(pg_stat_bgwriter(), version);
    const std::string vacuum = sql_of(pg_stat_progress_vacuum(), version);
    EXPECT_EQ(has(sql_of(pg_stat_database(), version), "session_time"), version >= 140000);
    EXPECT_EQ(has(bgwriter, "checkpoints_timed"), version < 170000);
    EXPECT_EQ(has(bgwriter, "buffers_backend"), version < 170000);
    EXPECT_TRUE(has(bgwriter, "buffers_clean") && has(bgwriter, "buffers_alloc"));
    EXPECT_EQ(has(vacuum, "num_dead_tuples"), version < 170000);
    EXPECT_EQ(has(vacuum, "num_dead_item_ids"), version >= 170000);
    EXPECT_TRUE(has(vacuum, "heap_blks_scanned"));
  }
}

TEST(View, TablesAreLimited) {
  EXPECT_TRUE(has(sql_of(pg_stat_user_tables(123), 150000), "LIMIT 123"));
}

}  // namespace
}  // namespace backstay::collectors
