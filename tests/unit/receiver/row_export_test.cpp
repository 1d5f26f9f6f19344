#include "receiver/journal/row_export.h"

#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/journal_damage.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay::journal {
namespace {

using nlohmann::json;

struct RowExportTest : test::WorkerFixture {
  Result<Exported> export_all() {
    lines.clear();
    auto opened = Database::open_to_read(folder.path("journal.db"));
    if (!opened) return fail(opened.error());
    return export_rows(**opened,
                       [&](const std::string& line) { lines.push_back(json::parse(line)); });
  }
  std::vector<json> rows_of(const std::string& table) const {
    std::vector<json> rows;
    for (const json& line : lines) {
      if (line["table"] == table && line.contains("row")) rows.push_back(line["row"]);
    }
    return rows;
  }
  std::vector<json> lines;
};

TEST_F(RowExportTest, EveryRowOfEveryTableIsALine) {
  append(alert("a"));
  work();
  const auto exported = export_all();
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(exported->gaps, 0);
  EXPECT_EQ(static_cast<std::size_t>(exported->rows), lines.size());
  ASSERT_EQ(rows_of("events").size(), 1u);
  const json event = rows_of("events")[0];
  EXPECT_EQ(event["id"], 1);
  EXPECT_EQ(event["subject"], "ErrorRatioHigh");
  EXPECT_TRUE(event["last_delivered_at"].is_null());
  EXPECT_EQ(rows_of("decisions").size(), 1u);
  EXPECT_EQ(rows_of("releases")[0]["name"], "1");
}

TEST_F(RowExportTest, WhatLiesBehindADamagedPageIsThereAndTheGapIsNamed) {
  for (int i = 1; i <= 900; ++i) append(alert("slot-" + std::to_string(i) + "-"));
  database.reset();
  ASSERT_GT(test::damage_pages_with(folder.path("journal.db"), "slot-300-"), 0);
  const auto exported = export_all();
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(exported->gaps, 1);
  const auto events = rows_of("events");
  EXPECT_GT(events.size(), 800u);
  EXPECT_LT(events.size(), 900u);
  EXPECT_EQ(events.front()["id"], 1);
  EXPECT_EQ(events.back()["id"], 900);
  std::vector<json> gaps;
  for (const json& line : lines) {
    if (line.contains("gap")) gaps.push_back(line);
  }
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0]["table"], "events");
  EXPECT_LT(gaps[0]["gap"]["after_rowid"], 300);
  EXPECT_EQ(gaps[0]["gap"]["why"], "database disk image is malformed");
}

TEST_F(RowExportTest, AFileThatIsNoJournalIsAnError) {
  database.reset();
  std::ofstream(folder.path("journal.db"), std::ios::binary) << std::string(8192, 'x');
  EXPECT_FALSE(export_all());
}

}  // namespace
}  // namespace backstay::journal
