#include "exporter/collectors/sql/sql_catalog.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::collectors {
namespace {

struct SqlCatalogTest : ::testing::Test {
  Result<std::vector<SqlQuery>> load(const std::string& text) {
    std::ofstream(path) << text;
    return load_catalog(path);
  }
  // What is wrong with a query of two good keys and these.
  std::string fault_of(const std::string& keys) {
    const auto queries = load("queries:\n  - {help: h, sql: SELECT 1 AS value, " + keys + "}\n");
    return queries ? "accepted" : queries.error().message;
  }
  test::TemporaryFolder folder;
  std::string path = folder.path("catalog.yml");
};

TEST_F(SqlCatalogTest, ReadsAQuery) {
  const auto queries = load(R"(queries:
  - name: emails_sent_total
    help: E-mails ever sent.
    type: counter
    sql: SELECT outcome, count(*) AS value FROM emails GROUP BY outcome
    labels: [outcome]
    zero_fill: [sent, failed]
    max_series: 7
  - name: users
    help: Users.
    sql: SELECT count(*) AS value FROM users
)");
  ASSERT_TRUE(queries) << queries.error().message;
  ASSERT_EQ(queries->size(), 2U);
  const SqlQuery& emails = queries->front();
  EXPECT_EQ(emails.name, "emails_sent_total");
  EXPECT_EQ(emails.help, "E-mails ever sent.");
  EXPECT_EQ(emails.type, metrics::Type::counter);
  EXPECT_EQ(emails.sql, "SELECT outcome, count(*) AS value FROM emails GROUP BY outcome");
  EXPECT_EQ(emails.labels, std::vector<std::string>{"outcome"});
  EXPECT_EQ(emails.zero_fill, (std::vector<std::string>{"sent", "failed"}));
  EXPECT_EQ(emails.series_max, 7U);
  EXPECT_EQ(queries->back().type, metrics::Type::gauge);
  EXPECT_EQ(queries->back().series_max, 100U);
}

TEST_F(SqlCatalogTest, TellsAllThatIsWrongWithItsPlace) {
  const auto queries = load(R"(queries:
  - name: 2fast
    help: h
    type: summary
    sql: SELECT 1 AS value
    lables: [x]
  - name: users
    sql: SELECT 1 AS value
)");
  ASSERT_FALSE(queries);
  EXPECT_EQ(queries.error().message,
            path + ":2: queries[0].name: not a metric's name\n" +  //
                path +
                ":4: queries[0].type: \"summary\" is none of: gauge, counter, histogram\n" +  //
                path + ":6: queries[0].lables: unknown key (did you mean labels?)\n" +        //
                path + ":7: queries[1].help: is missing");
}

TEST_F(SqlCatalogTest, RefusesLabelsThatWouldCostTheWholeScrape) {
  EXPECT_NE(fault_of("name: a, labels: [\"a-b\"]").find("\"a-b\" is not a label's name"),
            std::string::npos);
  EXPECT_NE(fault_of("name: a, labels: [__name__]").find("\"__name__\" is not a label's name"),
            std::string::npos);
  EXPECT_NE(fault_of("name: a, labels: [x, y, x]").find("x is there twice"), std::string::npos);
  EXPECT_EQ(fault_of("name: a, labels: [x, y, _z1]"), "accepted");
}

TEST_F(SqlCatalogTest, ZeroFillNeedsExactlyOneLabel) {
  for (const char* keys : {"name: a, zero_fill: [x]", "name: a, labels: [b, c], zero_fill: [x]"}) {
    EXPECT_NE(fault_of(keys).find("zero_fill: needs exactly one label"), std::string::npos) << keys;
  }
}

TEST_F(SqlCatalogTest, ReadsAHistogramWithAPaceOfItsOwn) {
  const auto queries = load(R"(queries:
  - name: wait_seconds
    help: Waits.
    type: histogram
    sql: SELECT waited AS value FROM waits
    buckets: [0.5, 1, 60]
    interval: 1m
    timeout: 20s
    min_version: 14
    max_version: 16
    overflow: drop
)");
  ASSERT_TRUE(queries) << queries.error().message;
  const SqlQuery& query = queries->front();
  EXPECT_EQ(query.type, metrics::Type::histogram);
  EXPECT_EQ(query.buckets, (std::vector<double>{0.5, 1, 60}));
  EXPECT_EQ(query.schedule.interval, std::chrono::minutes(1));
  EXPECT_EQ(query.schedule.max_age, std::chrono::minutes(5)) << "five intervals";
  EXPECT_EQ(query.schedule.timeout, std::chrono::seconds(20));
  EXPECT_EQ(query.version_min, 14);
  EXPECT_EQ(query.version_max, 16);
  EXPECT_EQ(query.overflow, Overflow::drop);
}

TEST_F(SqlCatalogTest, SaysWhatDoesNotGoTogether) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"type: histogram", "queries[0].type: a histogram needs buckets"},
      {"buckets: [1]", "queries[0].buckets: only a histogram has them"},
      {"type: histogram, buckets: [2, 1]", "queries[0].buckets: the bounds must rise"},
      {"type: histogram, buckets: [many]", "queries[0].buckets: \"many\" is no number"},
      {"max_age: 1m", "queries[0].max_age: only a query with an interval has an age"},
      {"interval: 1m, max_age: 30s", "queries[0].max_age: is shorter than the interval"},
      {"min_version: 15, max_version: 14", "queries[0].max_version: is less than min_version"},
      {"min_version: 9", "queries[0].min_version: expected a whole number"},
      {"interval: soon", "queries[0].interval: "},
      {"labels: [le]", "queries[0].labels: \"le\" is not a label's name"},
  };
  for (const auto& [keys, fault] : cases) {
    const std::string said = fault_of("name: a, " + keys);
    EXPECT_NE(said.find(fault), std::string::npos) << keys << ": " << said;
  }
}

TEST_F(SqlCatalogTest, AMissingFileIsNamed) {
  const auto queries = load_catalog(folder.path("nowhere.yml"));
  ASSERT_FALSE(queries);
  EXPECT_NE(queries.error().message.find("nowhere.yml"), std::string::npos);
}

TEST_F(SqlCatalogTest, TheShippedOnesAreGood) {
  for (const char* name : {"invitations.yml", "business.yml"}) {
    const auto queries = load_catalog(std::string(BACKSTAY_SOURCE_DIR "/exporter/catalog/") + name);
    ASSERT_TRUE(queries) << queries.error().message;
    EXPECT_FALSE(queries->empty());
  }
}

}  // namespace
}  // namespace backstay::collectors
