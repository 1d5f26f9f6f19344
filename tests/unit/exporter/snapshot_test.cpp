#include "exporter/metrics/snapshot.h"

#include <gtest/gtest.h>

namespace backstay::metrics {
namespace {

Family family(const std::string& name, const std::vector<std::pair<std::string, double>>& samples,
              Type type = Type::gauge) {
  Family family{name, "Help.", type, {}};
  for (const auto& [x, value] : samples) {
    family.samples.push_back({Labels{{"x", x}}, value, {}});
  }
  return family;
}

std::string shown(const Snapshot& snapshot) {
  std::string text;
  for (const Family& family : snapshot.families()) {
    text += family.name;
    for (const Sample& sample : family.samples) {
      text += " " + sample.labels.pairs()["x"] + "=" + std::to_string(int(sample.value));
    }
    text += "\n";
  }
  return text;
}

TEST(Snapshot, HasFamiliesInTheOrderOfTheirNames) {
  const Snapshot snapshot({family("b", {{"1", 1}}), family("c", {}), family("a", {{"1", 2}})});
  EXPECT_EQ(shown(snapshot), "a 1=2\nb 1=1\n");
  EXPECT_EQ(snapshot.dropped_series(), 0U);
  EXPECT_EQ(shown(Snapshot()), "");
}

TEST(Snapshot, OfTwoSamplesWithOneLabelSetTheFirstStays) {
  const Snapshot snapshot({family("a", {{"2", 1}, {"1", 2}, {"2", 3}, {"3", 4}, {"1", 5}})});
  EXPECT_EQ(shown(snapshot), "a 2=1 1=2 3=4\n");
  EXPECT_EQ(snapshot.dropped_series(), 2U);
}

TEST(Snapshot, SortedOnesMayHaveEqualNeighboursToo) {
  const Snapshot snapshot({family("a", {{"1", 1}, {"2", 2}, {"2", 3}})});
  EXPECT_EQ(shown(snapshot), "a 1=1 2=2\n");
  EXPECT_EQ(snapshot.dropped_series(), 1U);
}

TEST(Snapshot, FamiliesOfOneNameBecomeOne) {
  const Snapshot snapshot(
      {family("a", {{"1", 1}}), family("b", {{"1", 2}}), family("a", {{"2", 3}, {"1", 4}})});
  EXPECT_EQ(shown(snapshot), "a 1=1 2=3\nb 1=2\n");
  EXPECT_EQ(snapshot.dropped_series(), 1U);
}

TEST(Snapshot, AnotherTypeUnderATakenNameIsLeftOut) {
  const Snapshot snapshot(
      {family("a", {{"1", 1}}), family("a", {{"2", 3}, {"3", 4}}, Type::counter)});
  EXPECT_EQ(shown(snapshot), "a 1=1\n");
  EXPECT_EQ(snapshot.dropped_series(), 2U);
}

TEST(Snapshot, ACopySharesTheFamilies) {
  const Snapshot snapshot({family("a", {{"1", 1}})});
  const Snapshot copy = snapshot;
  EXPECT_EQ(&copy.families(), &snapshot.families());
}

}  // namespace
}  // namespace backstay::metrics
