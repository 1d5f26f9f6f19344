#include "exporter/web/query.h"

#include <gtest/gtest.h>

namespace backstay::web {
namespace {

const std::vector<std::string> kKnown{"stat_database", "stat_activity", "a b&c"};

// What is asked for of the known ones, or the error.
std::string asked(const std::string& query) {
  const auto filter = collector_filter(query, kKnown);
  if (!filter) return filter.error().message;
  std::string names = filter->is_open() ? "open" : "closed";
  for (const std::string& name : kKnown) names += filter->asks_for(name) ? " " + name : "";
  return names;
}

TEST(CollectorFilter, AllWithoutAQuery) {
  const std::string all = "open stat_database stat_activity a b&c";
  EXPECT_EQ(asked(""), all);
  EXPECT_EQ(asked("x=1&y&=&&debug=collect[]"), all);
}

TEST(CollectorFilter, CollectAsksForTheNamedOnly) {
  EXPECT_EQ(asked("collect[]=stat_activity"), "closed stat_activity");
  EXPECT_EQ(asked("collect[]=stat_activity&x=1&collect[]=stat_database"),
            "closed stat_database stat_activity");
  EXPECT_EQ(asked("collect%5B%5D=stat%5factivity"), "closed stat_activity");
  EXPECT_EQ(asked("collect[]=a+b%26c"), "closed a b&c");
}

TEST(CollectorFilter, ExcludeAsksForAllOthers) {
  EXPECT_EQ(asked("exclude[]=stat_activity"), "open stat_database a b&c");
  EXPECT_EQ(asked("exclude[]=stat_activity&exclude[]=stat_database&exclude[]=a%20b%26c"), "open");
}

TEST(CollectorFilter, BothAreRefused) {
  EXPECT_EQ(asked("collect[]=stat_activity&exclude[]=stat_database"),
            "collect[] and exclude[] exclude each other");
}

TEST(CollectorFilter, AnUnknownNameIsToldWithTheKnownOnes) {
  EXPECT_EQ(asked("collect[]=stat_activity&collect[]=stat"),
            "collect[]: there is no collector \"stat\"; there are: stat_database, stat_activity, "
            "a b&c");
  EXPECT_EQ(
      asked("exclude[]="),
      "exclude[]: there is no collector \"\"; there are: stat_database, stat_activity, a b&c");
  const auto none = collector_filter("collect[]=x", {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "collect[]: there is no collector \"x\"; there are: none");
}

TEST(ParseQuery, AnEscapeThatIsCutOffIsRefused) {
  for (const char* query : {"a=%", "a=%4", "%zz=1", "a=%-1", "a=%+1", "a=%0x"}) {
    EXPECT_FALSE(parse_query(query)) << query;
  }
}

}  // namespace
}  // namespace backstay::web
