#include "exporter/collectors/pg/pg_stat_user_tables.h"

#include <gtest/gtest.h>

#include "tests/integration/exporter/collected.h"

namespace backstay::collectors {
namespace {

// A view's column: last_vacuum as seconds, blks for blocks.
std::string column_of(const std::string& metric, const std::string& prefix) {
  std::string column = metric.substr(prefix.size());
  const std::size_t blocks = column.find("blocks");
  if (blocks != std::string::npos) column.replace(blocks, 6, "blks");
  return column.rfind("last_", 0) == 0 ? "extract(epoch FROM " + column + ")" : column;
}

TEST(PgStatUserTables, ShowsWhatTheServersViewsShow) {
  const test::PostgresCluster cluster;
  cluster.execute("CREATE TABLE busy (id int PRIMARY KEY, note text, extra int)");
  cluster.execute("CREATE INDEX ON busy (extra)");
  cluster.execute("CREATE TABLE bare (n int)");
  // Long and random enough to be stored out of line.
  cluster.execute(
      "INSERT INTO busy SELECT n, (SELECT string_agg(md5((n * g)::text), '') "
      "FROM generate_series(1, 200) g), n % 7 FROM generate_series(1, 200) n");
  cluster.execute("UPDATE busy SET extra = 1 WHERE id < 20; DELETE FROM busy WHERE id > 190");
  cluster.execute("VACUUM ANALYZE busy");
  cluster.execute("SELECT sum(length(note)) FROM busy; SELECT * FROM bare");

  pg::Connection connection = test::connect(cluster.url("postgres"));
  ViewCollector collector(pg_stat_user_tables(500));
  const test::Collected collected(collector, connection);
  std::size_t compared = 0;
  for (const auto& [series, value] : collected.series()) {
    const std::string metric = series.substr(0, series.find('{'));
    const bool is_io = metric.rfind("pg_statio_", 0) == 0;
    const std::string view = is_io ? "pg_statio_user_tables" : "pg_stat_user_tables";
    const std::string table =
        series.find("relname=\"busy\"") != std::string::npos ? "busy" : "bare";
    const auto rows = connection.query("SELECT " + column_of(metric, view + "_") + " FROM " + view +
                                           " WHERE relname = '" + table + "'",
                                       test::limits());
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->number(0, 0), value) << series;
    ++compared;
  }
  // Of `busy` all but the two times that autovacuum has not come; `bare` has neither indexes nor
  // anything out of line, nor has it been vacuumed.
  EXPECT_EQ(compared, 25U + 15U);
  EXPECT_GT(collected
                .value("pg_statio_user_tables_toast_blocks_hit{datname=\"postgres\","
                       "relname=\"busy\",schemaname=\"public\"}")
                .value_or(0),
            0);
}

}  // namespace
}  // namespace backstay::collectors
