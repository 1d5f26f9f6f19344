#include "exporter/sources/seen_batches.h"

#include <gtest/gtest.h>

namespace backstay::sources {
namespace {

std::string saved(const SeenBatches& seen) {
  RecordWriter writer;
  seen.save(writer);
  return std::move(writer).take();
}

TEST(SeenBatchesTest, ABatchIsNewOnce) {
  SeenBatches seen;
  EXPECT_TRUE(seen.add({1, 2}));
  EXPECT_FALSE(seen.add({1, 2}));
  EXPECT_TRUE(seen.add({2, 1})) << "both halves count";
}

TEST(SeenBatchesTest, TheOldestIsForgottenAndNoOther) {
  SeenBatches seen;
  for (std::uint64_t i = 0; i <= SeenBatches::kBatchesMax; ++i) seen.add({i, 0});
  EXPECT_FALSE(seen.add({1, 0}));
  EXPECT_FALSE(seen.add({SeenBatches::kBatchesMax, 0}));
  EXPECT_TRUE(seen.add({0, 0}));
}

TEST(SeenBatchesTest, ARestartForgetsNothingAndKeepsTheOrder) {
  SeenBatches before;
  for (std::uint64_t i = 0; i < SeenBatches::kBatchesMax; ++i) before.add({i, 7});
  const std::string record = saved(before);
  SeenBatches after;
  after.add({99'999, 0});
  RecordReader reader(record);
  ASSERT_TRUE(after.load(reader));
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_FALSE(after.add({0, 7}));
  EXPECT_TRUE(after.add({99'999, 0})) << "what was there before the load is gone";
  EXPECT_TRUE(after.add({0, 7})) << "it was the oldest";
}

TEST(SeenBatchesTest, OfADamagedRecordNothingWasSeen) {
  SeenBatches before;
  before.add({1, 2});
  before.add({3, 4});
  const std::string record = saved(before);
  for (std::size_t size = 0; size < record.size(); ++size) {
    SeenBatches after;
    const std::string cut = record.substr(0, size);
    RecordReader reader(cut);
    EXPECT_FALSE(after.load(reader)) << size;
    EXPECT_TRUE(after.add({1, 2})) << size;
  }
}

}  // namespace
}  // namespace backstay::sources
