#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace backstay::requests {

// Durations counted in buckets so narrow that every percentile is known to kPercentileError of
// itself: a DDSketch with its quadratic mapping, https://arxiv.org/abs/1908.10693
//
// The mapping. For a duration of m × 2^e seconds, 1 <= m < 2, let y = e + (m(6 - m) - 5) / 3. That
// is near to the logarithm, continuous, and rises everywhere, as the fraction goes from 0 to 1
// within each power of two. A bucket is a 1/38 of y. How wide is that? dy / d(ln x) = m × dy/dm =
// 2m(3 - m) / 3, which in 1 <= m <= 2 is least at both ends: 4/3. So a bucket [a, b) has
// ln(b/a) <= (1/38) / (4/3) = 3/152, and 2ab / (a + b), which stands for all in it, is wrong by at
// most (b - a) / (b + a) = tanh(ln(b/a) / 2) <= tanh(3/304) = 0.98688 % of any of them. Rounding,
// at 2^-50, is lost in what that leaves of the 1 %.
inline constexpr double kPercentileError = 0.01;

inline constexpr int kExponentMin = -14;  // 2^-14 s = 61 µs
inline constexpr int kExponentEnd = 10;   // 2^10 s = 17 minutes
inline constexpr double kSecondsMin = 1.0 / (1 << -kExponentMin);
inline constexpr double kSecondsEnd = 1 << kExponentEnd;
inline constexpr std::size_t kBucketsPerOctave = 38;
// The first is for what is below kSecondsMin, the last for what is at kSecondsEnd or above: there
// the least and the greatest value that came stand for all of them.
inline constexpr std::size_t kBuckets = (kExponentEnd - kExponentMin) * kBucketsPerOctave + 2;

using BucketCounts = std::array<std::uint64_t, kBuckets>;

// seconds: not NaN.
inline std::size_t bucket_of(double seconds) {
  if (seconds < kSecondsMin) return 0;
  if (seconds >= kSecondsEnd) return kBuckets - 1;
  constexpr int kMantissaBits = 52;
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << kMantissaBits) - 1;
  constexpr std::uint64_t kBias = 1023;
  const auto bits = std::bit_cast<std::uint64_t>(seconds);
  const std::size_t octave = (bits >> kMantissaBits) - (kBias + kExponentMin);
  const auto m = std::bit_cast<double>((bits & kMantissa) | (kBias << kMantissaBits));
  constexpr double kScale = kBucketsPerOctave / 3.0;
  // By way of a signed number: that is one instruction.
  const auto within = static_cast<std::int64_t>((m * (6 - m) - 5) * kScale);
  return 1 + octave * kBucketsPerOctave + static_cast<std::size_t>(within);
}

// What stands for all in a bucket, in seconds; not for the first and the last.
double value_of(std::size_t bucket);

// The least value that at least this fraction (0 – 1) of all do not exceed (nearest rank): to
// kPercentileError, where it is in [kSecondsMin, kSecondsEnd). min and max are those of all that
// were counted, of which there must be at least one.
double percentile(const BucketCounts& counts, double fraction, double min, double max);

// The counts in few bytes, none where all are 0. For each bucket that is not empty: how far it is
// from the last such, and its count, in Elias' gamma code and Golomb's exponential one. 600
// durations of one route take about 150 bytes.
std::vector<std::uint8_t> pack(const BucketCounts& counts);

// Adds what was packed. False where the bytes are damaged: then some was added.
bool add_packed(std::span<const std::uint8_t> packed, BucketCounts& to);

}  // namespace backstay::requests
