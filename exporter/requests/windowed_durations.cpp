#include "exporter/requests/windowed_durations.h"

#include <algorithm>

namespace backstay::requests {
namespace {

constexpr int kServerErrors = 500;
// Packed many at a time, for each time costs some µs.
constexpr std::size_t kSinglesMax = 512;
// Up to so many a minute, a route is quiet.
constexpr std::uint64_t kQuietMax = 64;
constexpr unsigned kMinuteShift = 16;
constexpr std::uint32_t kBucketBits = (1U << kMinuteShift) - 1;
constexpr std::uint32_t kMinuteBits = (1U << kMinuteShift) - 1;
// A minute fits 32 bits until the year 10136.
constexpr std::int64_t kTimeEndMs = (std::int64_t{1} << 32) * kSlotMs;
// Slots are allocated a few at a time: doubling would leave up to half of them unused.
constexpr std::size_t kSlotsStep = 6;

// "= {}" would keep it.
template <class T>
void free_memory(std::vector<T>& values) {
  values = std::vector<T>();
}

}  // namespace

void WindowCounts::add(const WindowCounts& other) {
  count += other.count;
  errors += other.errors;
  timed += other.timed;
  sum += other.sum;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

void WindowTotals::add(const WindowTotals& other) {
  counts.add(other.counts);
  for (std::size_t i = 0; i < kBuckets; ++i) buckets[i] += other.buckets[i];
  if (other.sketched_from_ms) {
    sketched_from_ms = std::max(sketched_from_ms.value_or(0), *other.sketched_from_ms);
  }
}

bool WindowedDurations::observe(std::int64_t time_ms, int status, std::optional<double> seconds) {
  const auto in_slot =
      static_cast<std::uint64_t>(time_ms) - static_cast<std::uint64_t>(newest_start_ms_);
  if (in_slot >= kSlotMs) return observe_elsewhere(time_ms, status, seconds);
  first_ms_ = std::min(first_ms_, time_ms);
  count_newest(status, seconds);
  return true;
}

bool WindowedDurations::observe_elsewhere(std::int64_t time_ms, int status,
                                          std::optional<double> seconds) {
  if (time_ms < 0 || time_ms >= kTimeEndMs) return false;
  first_ms_ = std::min(first_ms_, time_ms);
  const auto index = slot_for(time_ms / kSlotMs);
  if (!index) return false;
  if (*index + 1 == slots_.size()) {
    count_newest(status, seconds);
    return true;
  }
  Slot& slot = slots_[*index];
  if (!count(slot.counts, status, seconds)) return true;
  keep_single(slot.minute, *seconds);
  return true;
}

void WindowedDurations::keep_single(std::uint32_t minute, double seconds) {
  if (singles_.size() == kSinglesMax) pack_singles();
  singles_.push_back(minute << kMinuteShift | static_cast<std::uint32_t>(bucket_of(seconds)));
}

// True where it has a duration.
inline bool WindowedDurations::count(WindowCounts& counts, int status,
                                     std::optional<double> seconds) {
  ++counts.count;
  counts.errors += status >= kServerErrors ? 1 : 0;
  if (!seconds || !(*seconds >= 0 && *seconds <= kDurationMax)) return false;
  ++counts.timed;
  counts.sum += *seconds;
  counts.min = std::min(counts.min, *seconds);
  counts.max = std::max(counts.max, *seconds);
  return true;
}

inline void WindowedDurations::count_newest(int status, std::optional<double> seconds) {
  if (!count(slots_.back().counts, status, seconds)) return;
  if (newest_.empty()) {
    if (slots_.back().counts.timed <= kQuietMax) {
      return keep_single(slots_.back().minute, *seconds);
    }
    newest_.resize(kBuckets);
  }
  std::uint16_t& pending = newest_[bucket_of(*seconds)];
  if (++pending == std::numeric_limits<std::uint16_t>::max()) pack_newest();
}

// The slot of this minute, made where there is none; nothing where it is too old.
std::optional<std::size_t> WindowedDurations::slot_for(std::int64_t minute) {
  const auto wanted = static_cast<std::uint32_t>(minute);
  if (slots_.empty() || wanted > slots_.back().minute) {
    begin_newest(wanted);
    return slots_.size() - 1;
  }
  if (minute + kSlots <= slots_.back().minute) return std::nullopt;
  const auto at =
      std::lower_bound(slots_.begin(), slots_.end(), wanted,
                       [](const Slot& slot, std::uint32_t before) { return slot.minute < before; });
  const auto index = static_cast<std::size_t>(at - slots_.begin());
  if (at->minute == wanted) return index;
  if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.size() + kSlotsStep);
  slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(index), Slot{{}, wanted});
  return index;
}

void WindowedDurations::begin_newest(std::uint32_t minute) {
  pack_newest();
  pack_singles();
  free_memory(singles_);
  if (!slots_.empty() && slots_.back().counts.timed <= kQuietMax) free_memory(newest_);
  drop_before(std::int64_t{minute} - kSlots + 1);
  if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.size() + kSlotsStep);
  slots_.push_back(Slot{{}, minute});
  newest_start_ms_ = std::int64_t{minute} * kSlotMs;
}

void WindowedDurations::drop_before(std::int64_t minute) {
  std::size_t index = 0;
  while (index < slots_.size() && slots_[index].minute < minute) ++index;
  if (index == 0) return;
  pack_singles();
  if (index == slots_.size()) {
    const std::int64_t first_ms = first_ms_;
    *this = WindowedDurations();
    first_ms_ = first_ms;
    return;
  }
  packed_.erase(packed_.begin(), packed_.begin() + static_cast<std::ptrdiff_t>(offset_of(index)));
  packed_.shrink_to_fit();
  slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(index));
  if (slots_.capacity() > slots_.size() + kSlotsStep) slots_.shrink_to_fit();
}

void WindowedDurations::forget(std::int64_t now_ms) {
  const std::int64_t minute = now_ms / kSlotMs;
  drop_before(minute - kSlots + 1);
  if (slots_.empty() || slots_.back().minute + 1 >= minute) return;
  // Nothing has come for a while. What is late still may, and makes them anew.
  pack_newest();
  pack_singles();
  free_memory(newest_);
  free_memory(singles_);
}

std::size_t WindowedDurations::offset_of(std::size_t index) const {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < index; ++i) offset += slots_[i].packed_bytes;
  return offset;
}

std::span<const std::uint8_t> WindowedDurations::packed_of(std::size_t index) const {
  return std::span(packed_).subspan(offset_of(index), slots_[index].packed_bytes);
}

void WindowedDurations::set_packed(std::size_t index, std::span<const std::uint8_t> packed) {
  const auto offset = static_cast<std::ptrdiff_t>(offset_of(index));
  const auto end = offset + slots_[index].packed_bytes;
  std::vector<std::uint8_t> all;
  all.reserve(packed_.size() - slots_[index].packed_bytes + packed.size());
  all.insert(all.end(), packed_.begin(), packed_.begin() + offset);
  all.insert(all.end(), packed.begin(), packed.end());
  all.insert(all.end(), packed_.begin() + end, packed_.end());
  packed_ = std::move(all);
  slots_[index].packed_bytes = static_cast<std::uint16_t>(packed.size());
}

void WindowedDurations::pack_newest() {
  if (slots_.empty() || newest_.empty()) return;
  BucketCounts buckets{};
  std::copy(newest_.begin(), newest_.end(), buckets.begin());
  pack_into(slots_.size() - 1, buckets);
  std::fill(newest_.begin(), newest_.end(), std::uint16_t{0});
}

void WindowedDurations::pack_singles() {
  std::sort(singles_.begin(), singles_.end());
  for (auto single = singles_.begin(); single != singles_.end();) {
    const std::uint32_t minute = *single >> kMinuteShift;
    BucketCounts buckets{};
    for (; single != singles_.end() && *single >> kMinuteShift == minute; ++single) {
      ++buckets[*single & kBucketBits];
    }
    const auto slot = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& each) {
      return (each.minute & kMinuteBits) == minute;
    });
    pack_into(static_cast<std::size_t>(slot - slots_.begin()), buckets);
  }
  singles_.clear();
}

// Adds these to the slot's sketch.
void WindowedDurations::pack_into(std::size_t index, BucketCounts& buckets) {
  if (slots_[index].is_given_up) return;
  add_packed(packed_of(index), buckets);
  set_packed(index, pack(buckets));
}

void WindowedDurations::add_buckets(std::size_t index, BucketCounts& to) const {
  const Slot& slot = slots_[index];
  if (slot.is_given_up) return;
  add_packed(packed_of(index), to);
  for (const std::uint32_t single : singles_) {
    if (single >> kMinuteShift == (slot.minute & kMinuteBits)) ++to[single & kBucketBits];
  }
  if (index + 1 < slots_.size()) return;
  for (std::size_t i = 0; i < newest_.size(); ++i) to[i] += newest_[i];
}

// All that it counted is in its packed sketch.
bool WindowedDurations::is_packed(std::size_t index) const {
  if (index + 1 == slots_.size() && !newest_.empty()) return false;
  return std::none_of(singles_.begin(), singles_.end(), [&](std::uint32_t single) {
    return single >> kMinuteShift == (slots_[index].minute & kMinuteBits);
  });
}

void WindowedDurations::merge(const WindowedDurations& other) {
  first_ms_ = std::min(first_ms_, other.first_ms_);
  for (std::size_t i = 0; i < other.slots_.size(); ++i) {
    const Slot& theirs = other.slots_[i];
    const auto index = slot_for(theirs.minute);
    if (!index) continue;
    Slot& ours = slots_[*index];
    ours.counts.add(theirs.counts);
    ours.is_given_up = ours.is_given_up || theirs.is_given_up;
    BucketCounts buckets{};
    if (!ours.is_given_up) {
      add_packed(packed_of(*index), buckets);
      other.add_buckets(i, buckets);
    }
    set_packed(*index, pack(buckets));
  }
}

void WindowedDurations::add_to(WindowTotals& totals, std::int64_t from_ms,
                               std::int64_t to_ms) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const std::int64_t start_ms = slots_[i].minute * kSlotMs;
    if (start_ms + kSlotMs <= from_ms || start_ms > to_ms) continue;
    totals.counts.add(slots_[i].counts);
    add_buckets(i, totals.buckets);
    if (slots_[i].is_given_up && slots_[i].counts.timed > 0) {
      totals.sketched_from_ms = std::max(totals.sketched_from_ms.value_or(0), start_ms + kSlotMs);
    }
  }
}

std::optional<std::int64_t> WindowedDurations::first_ms() const {
  if (first_ms_ == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return first_ms_;
}

std::size_t WindowedDurations::bytes() const {
  return sizeof *this + slots_.capacity() * sizeof(Slot) + packed_.capacity() +
         newest_.capacity() * sizeof(std::uint16_t) + singles_.capacity() * sizeof(std::uint32_t);
}

void WindowedDurations::shrink(std::size_t bytes_max) {
  if (bytes() <= bytes_max || slots_.empty()) return;
  pack_singles();
  free_memory(singles_);
  std::size_t freed = 0;
  for (std::size_t i = 0; i + 1 < slots_.size() && bytes() > bytes_max + freed; ++i) {
    if (slots_[i].packed_bytes == 0) continue;
    freed += slots_[i].packed_bytes;
    slots_[i].packed_bytes = 0;
    slots_[i].is_given_up = true;
  }
  packed_.erase(packed_.begin(), packed_.begin() + static_cast<std::ptrdiff_t>(freed));
  packed_.shrink_to_fit();
}

void keep_within(std::size_t bytes_max, std::span<WindowedDurations* const> all) {
  std::vector<std::size_t> sizes;
  sizes.reserve(all.size());
  for (const WindowedDurations* each : all) sizes.push_back(each->bytes());
  std::sort(sizes.begin(), sizes.end());
  // Those that take less than an equal part leave the rest of theirs to the larger ones.
  std::size_t rest = bytes_max;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t part = rest / (sizes.size() - i);
    if (sizes[i] > part) {
      for (WindowedDurations* each : all) each->shrink(part);
      return;
    }
    rest -= sizes[i];
  }
}

}  // namespace backstay::requests
