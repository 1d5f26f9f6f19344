#include "exporter/collectors/pg/pg_settings.h"

#include <gtest/gtest.h>

namespace backstay::collectors {
namespace {

struct Shown {
  std::string name;
  double value;
  std::string help;
};

Shown shown(const std::string& name, const std::string& setting, const std::string& unit) {
  const auto family = family_of({name, setting, unit, "What it is."});
  if (!family) return {"", 0, ""};
  EXPECT_EQ(family->type, metrics::Type::gauge);
  EXPECT_TRUE(family->samples.at(0).labels.empty());
  return {family->name, family->samples.at(0).value, family->help};
}

TEST(PgSettings, UnitsAreConvertedToSecondsAndBytes) {
  const struct {
    const char* setting;
    const char* unit;
    const char* name;
    double value;
  } cases[] = {{"200", "ms", "pg_settings_x_seconds", 0.2},
               {"10", "min", "pg_settings_x_seconds", 600},
               {"1024", "B", "pg_settings_x_bytes", 1024},
               {"16384", "8kB", "pg_settings_x_bytes", 134217728},
               {"64", "16MB", "pg_settings_x_bytes", 1073741824},
               {"4", "", "pg_settings_x", 4}};
  for (const auto& expected : cases) {
    const Shown got = shown("x", expected.setting, expected.unit);
    EXPECT_EQ(got.name, expected.name) << expected.unit;
    EXPECT_DOUBLE_EQ(got.value, expected.value) << expected.unit;
  }
}

TEST(PgSettings, MinusOneIsNotConverted) {
  EXPECT_EQ(shown("log_temp_files", "-1", "kB").value, -1);
  EXPECT_EQ(shown("log_temp_files", "-1", "kB").name, "pg_settings_log_temp_files_bytes");
}

TEST(PgSettings, BooleansAndDots) {
  EXPECT_EQ(shown("pg_stat_statements.save", "on", "").name, "pg_settings_pg_stat_statements_save");
  EXPECT_EQ(shown("fsync", "on", "").value, 1);
  EXPECT_EQ(shown("fsync", "off", "").value, 0);
}

TEST(PgSettings, HelpIsTheServersOwn) {
  EXPECT_EQ(shown("x", "1", "").help, "What it is.");
  EXPECT_EQ(shown("x", "1", "s").help, "What it is. [Units converted to seconds.]");
}

// One that a future server brings must not cost the others.
TEST(PgSettings, WhatIsNotKnownIsAbsent) {
  EXPECT_FALSE(family_of({"x", "1", "furlongs", "What it is."}));
  EXPECT_FALSE(family_of({"x", "1", "8", "What it is."}));
  EXPECT_FALSE(family_of({"x", "many", "", "What it is."}));
}

}  // namespace
}  // namespace backstay::collectors
