#include "exporter/requests/duration_sketch.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

BucketCounts counts_of(const std::vector<double>& values) {
  BucketCounts counts{};
  for (const double value : values) ++counts[bucket_of(value)];
  return counts;
}

// By nearest rank, from the values themselves.
double exact_percentile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(fraction * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

void expect_percentiles_within_one_percent(const std::vector<double>& values) {
  const BucketCounts counts = counts_of(values);
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  for (const double fraction : {0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    const double exact = exact_percentile(values, fraction);
    EXPECT_NEAR(percentile(counts, fraction, *min, *max), exact, exact * kPercentileError)
        << "p" << fraction * 100 << " of " << values.size();
  }
}

std::vector<double> drawn(std::size_t count, const std::function<double(std::mt19937&)>& draw) {
  std::mt19937 random(20'261'125);
  std::vector<double> values(count);
  for (double& value : values) value = draw(random);
  return values;
}

TEST(DurationSketchTest, PercentilesAreWithinOnePercentWhateverTheDistribution) {
  expect_percentiles_within_one_percent(drawn(10'000, std::uniform_real_distribution(0.001, 2.0)));
  expect_percentiles_within_one_percent(drawn(10'000, std::lognormal_distribution(-4.0, 1.0)));
  expect_percentiles_within_one_percent(drawn(777, std::lognormal_distribution(-2.0, 2.0)));
  expect_percentiles_within_one_percent(drawn(10'000, [](std::mt19937& random) {
    // A cache that is hit four times out of five.
    const bool is_hit = std::uniform_int_distribution(1, 5)(random) < 5;
    return std::lognormal_distribution(is_hit ? -7.0 : 0.0, 0.3)(random);
  }));
  expect_percentiles_within_one_percent(std::vector<double>(1000, 0.0123));
  expect_percentiles_within_one_percent({0.25});
  expect_percentiles_within_one_percent({0.0001, 1000});
}

TEST(DurationSketchTest, EveryValueInRangeIsWithinOnePercentOfItsBucket) {
  double worst = 0;
  for (double value = 0.0001; value <= 1000; value *= 1.00001) {
    worst = std::max(worst, std::abs(value_of(bucket_of(value)) / value - 1));
  }
  EXPECT_LE(worst, 0.0098689) << "the bound that the header proves";
  EXPECT_GE(worst, 0.0098) << "wider buckets would do, and take less memory";
}

TEST(DurationSketchTest, BucketsRiseWithTheValueAndMeetAtPowersOfTwo) {
  std::size_t last = bucket_of(kSecondsMin);
  EXPECT_EQ(last, 1U);
  for (double value = kSecondsMin; value < kSecondsEnd; value *= 1.001) {
    EXPECT_GE(bucket_of(value), last);
    EXPECT_LE(bucket_of(value), last + 1);
    last = bucket_of(value);
  }
  for (int exponent = kExponentMin; exponent < kExponentEnd; ++exponent) {
    const double edge = std::ldexp(1.0, exponent);
    EXPECT_EQ(bucket_of(edge),
              1 + static_cast<std::size_t>(exponent - kExponentMin) * kBucketsPerOctave);
    EXPECT_LE(bucket_of(std::nextafter(edge, 0)), bucket_of(edge));
  }
}

TEST(DurationSketchTest, OutOfRangeTheLeastAndTheGreatestStandForAll) {
  EXPECT_EQ(bucket_of(0), 0U);
  EXPECT_EQ(bucket_of(std::numeric_limits<double>::denorm_min()), 0U);
  EXPECT_EQ(bucket_of(std::nextafter(kSecondsMin, 0)), 0U);
  EXPECT_EQ(bucket_of(kSecondsEnd), kBuckets - 1);
  EXPECT_EQ(bucket_of(std::numeric_limits<double>::infinity()), kBuckets - 1);
  const BucketCounts counts = counts_of({0, 0.00001, 0.5, 2000, 4000});
  EXPECT_EQ(percentile(counts, 0.4, 0, 4000), 0);
  EXPECT_NEAR(percentile(counts, 0.5, 0, 4000), 0.5, 0.005);
  EXPECT_EQ(percentile(counts, 0.7, 0, 4000), 4000);
}

TEST(DurationSketchTest, NoPercentileIsOutsideOfWhatCame) {
  const BucketCounts counts = counts_of({0.1});
  EXPECT_EQ(percentile(counts, 0.5, 0.1, 0.1), 0.1);
}

void expect_packs(const BucketCounts& counts) {
  BucketCounts unpacked{};
  ASSERT_TRUE(add_packed(pack(counts), unpacked));
  EXPECT_EQ(unpacked, counts);
}

TEST(DurationSketchTest, UnpacksWhatItPacked) {
  expect_packs({});
  EXPECT_TRUE(pack({}).empty());
  BucketCounts all;
  all.fill(1);
  expect_packs(all);
  all.fill(1'000'000'007);
  expect_packs(all);
  expect_packs(counts_of({0}));
  expect_packs(counts_of({5000}));
  std::mt19937_64 random(4);
  for (int round = 0; round < 500; ++round) {
    BucketCounts counts{};
    const std::size_t filled = random() % kBuckets;
    for (std::size_t i = 0; i < filled; ++i) {
      counts[random() % kBuckets] = random() >> (16 + random() % 48);
    }
    expect_packs(counts);
  }
}

TEST(DurationSketchTest, UnpackingAddsToWhatIsThere) {
  BucketCounts counts = counts_of({0.1, 0.2});
  ASSERT_TRUE(add_packed(pack(counts_of({0.2, 0.3})), counts));
  EXPECT_EQ(counts, counts_of({0.1, 0.2, 0.2, 0.3}));
}

TEST(DurationSketchTest, PacksIntoFewBytes) {
  const auto packed_bytes = [](std::size_t count) {
    return pack(counts_of(drawn(count, std::lognormal_distribution(-4.0, 1.0)))).size();
  };
  EXPECT_LE(packed_bytes(6), 20U);
  EXPECT_LE(packed_bytes(600), 170U);
  EXPECT_LE(packed_bytes(60'000), 470U);
}

TEST(DurationSketchTest, DamagedBytesNeverWriteOutside) {
  const std::vector<std::uint8_t> good =
      pack(counts_of(drawn(600, std::lognormal_distribution(-4.0, 1.0))));
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> bad = good;
    bad.resize(random() % (bad.size() + 1));
    for (int flips = 0; flips < 3 && !bad.empty(); ++flips) {
      bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    }
    BucketCounts counts{};
    add_packed(bad, counts);  // the sanitizers look on
  }
  BucketCounts counts{};
  EXPECT_FALSE(add_packed(std::vector<std::uint8_t>{0x80}, counts)) << "a bucket without a count";
  EXPECT_FALSE(add_packed(std::vector<std::uint8_t>(100, 0), counts)) << "zeros are no number";
  EXPECT_FALSE(add_packed(std::vector<std::uint8_t>(300, 0xff), counts)) << "more than kBuckets";
}

}  // namespace
}  // namespace backstay::requests
