#include "exporter/requests/duration_sketch.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace backstay::requests {
namespace {

constexpr unsigned kByteBits = 8;
// The counts of one minute stay far below; a greater one in a packed sketch is damage.
constexpr unsigned kCountBitsMax = 48;
constexpr unsigned kGapBitsMax = std::bit_width(kBuckets);

// Where bucket 1 + index begins, in seconds: the mapping the other way round.
double lower_edge(std::size_t index) {
  const auto octave = static_cast<int>(index / kBucketsPerOctave);
  const double within = static_cast<double>(index % kBucketsPerOctave) / kBucketsPerOctave;
  return std::ldexp(3 - std::sqrt(4 - 3 * within), octave + kExponentMin);
}

// Counts of neighbours are alike, so the size of the last one says how many bits the next one has
// at least.
unsigned order_after(std::uint64_t count) {
  return static_cast<unsigned>(std::bit_width(count)) - 1;
}

// Bits one after the other, the most significant first, the last byte filled with zeros.
class BitWriter {
 public:
  // At most 56 bits, and no others in the value.
  void put(std::uint64_t value, unsigned bits) {
    begun_ = (begun_ << bits) | value;
    for (begun_bits_ += bits; begun_bits_ >= kByteBits; begun_bits_ -= kByteBits) {
      bytes_.push_back(static_cast<std::uint8_t>(begun_ >> (begun_bits_ - kByteBits)));
    }
  }
  // value >= 1. Order 0 is Elias' gamma code: as many zeros as there are digits behind the first.
  void put_golomb(std::uint64_t value, unsigned order) {
    const std::uint64_t raised = value - 1 + (std::uint64_t{1} << order);
    const auto width = static_cast<unsigned>(std::bit_width(raised));
    put(0, width - 1 - order);
    put(raised, width);
  }
  [[nodiscard]] std::vector<std::uint8_t> take() && {
    if (begun_bits_ > 0) put(0, kByteBits - begun_bits_);
    return std::move(bytes_);
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::uint64_t begun_ = 0;  // its last bits are those that fill no byte yet
  unsigned begun_bits_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  // 0 where only zeros are left, which no number begins with, or where it is too long or cut off.
  std::uint64_t golomb(unsigned order, unsigned bits_max) {
    std::uint64_t ahead = peek();
    const auto zeros = static_cast<unsigned>(std::countl_zero(ahead));
    const unsigned width = zeros + 1 + order;
    if (width > bits_max + 1 || zeros + width > left()) {
      is_good_ = zeros >= left();
      position_ = bytes_.size() * kByteBits;
      return 0;
    }
    if (zeros + width > kPeekBits) {
      position_ += zeros;
      ahead = peek();
      position_ += width;
    } else {
      ahead <<= zeros;
      position_ += zeros + width;
    }
    return (ahead >> (64 - width)) - (std::uint64_t{1} << order) + 1;
  }
  // False where bits that are no number came.
  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  [[nodiscard]] std::size_t left() const { return bytes_.size() * kByteBits - position_; }

  // The next kPeekBits bits, and a few more; behind the end there are zeros.
  [[nodiscard]] std::uint64_t peek() const {
    const std::size_t first = position_ / kByteBits;
    std::uint64_t value = 0;
    if (first + sizeof value <= bytes_.size()) {
      std::memcpy(&value, bytes_.data() + first, sizeof value);  // one instruction
    } else if (first < bytes_.size()) {
      std::memcpy(&value, bytes_.data() + first, bytes_.size() - first);
    }
    if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
    return value << (position_ % kByteBits);
  }

  static constexpr unsigned kPeekBits = 57;
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;  // in bits
  bool is_good_ = true;
};

}  // namespace

double value_of(std::size_t bucket) {
  const double a = lower_edge(bucket - 1);
  const double b = lower_edge(bucket);
  return 2 * a * b / (a + b);
}

double percentile(const BucketCounts& counts, double fraction, double min, double max) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  const double wanted = std::ceil(fraction * static_cast<double>(all));
  const auto rank = static_cast<std::uint64_t>(std::max(wanted, 1.0));
  std::uint64_t seen = counts.front();
  if (seen >= rank) return min;
  for (std::size_t bucket = 1; bucket + 1 < kBuckets; ++bucket) {
    seen += counts[bucket];
    if (seen >= rank) return std::clamp(value_of(bucket), min, max);
  }
  return max;
}

std::vector<std::uint8_t> pack(const BucketCounts& counts) {
  BitWriter to;
  std::size_t next = 0;
  unsigned order = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (counts[bucket] == 0) continue;
    to.put_golomb(bucket - next + 1, 0);
    to.put_golomb(counts[bucket], order);
    order = order_after(counts[bucket]);
    next = bucket + 1;
  }
  return std::move(to).take();
}

bool add_packed(std::span<const std::uint8_t> packed, BucketCounts& to) {
  BitReader from(packed);
  std::size_t next = 0;
  unsigned order = 0;
  while (const std::uint64_t gap = from.golomb(0, kGapBitsMax)) {
    const std::size_t bucket = next + gap - 1;
    const std::uint64_t count = from.golomb(order, kCountBitsMax);
    if (bucket >= kBuckets || count == 0) return false;
    to[bucket] += count;
    order = order_after(count);
    next = bucket + 1;
  }
  return from.is_good();
}

}  // namespace backstay::requests
