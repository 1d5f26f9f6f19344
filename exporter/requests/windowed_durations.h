#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "exporter/requests/duration_sketch.h"

namespace backstay::requests {

inline constexpr std::int64_t kSlotMs = 60'000;
// The hour before any moment touches 60 whole minutes and the running one.
inline constexpr std::int64_t kSlots = 61;
// No request takes 30 years; and so a sum stays finite.
inline constexpr double kDurationMax = 1e9;

// What came in one slot, or in more, but for the sketch.
struct WindowCounts {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;  // status 500 and above
  std::uint64_t timed = 0;   // with a duration; what follows is of these alone, in seconds
  double sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = 0;

  void add(const WindowCounts& other);
};

// The same with the sketch.
struct WindowTotals {
  WindowCounts counts;
  BucketCounts buckets{};
  // Where sketches were given up (shrink): the end of the last such slot.
  std::optional<std::int64_t> sketched_from_ms;

  void add(const WindowTotals& other);
};

// The requests of one route in the last hour, in slots of a minute, each with a sketch of its
// durations. "Last" is seen from the newest request, so times must be sane: one that is a day ahead
// takes the place of all before it. For one thread at a time.
//
// Memory: a slot takes 56 bytes and its sketch, which is packed when the next minute begins; what
// is not packed yet takes 4 bytes a request, or 1.8 KB in a busy minute, and up to 2 KB more while
// requests come late. An hour of 600 requests a minute takes some 13 KB, one of 60 some 6 KB. What
// a route may take at most is set for all of them together: keep_within().
class WindowedDurations {
 public:
  // Some 8 ns in the minute of the newest request. Late ones cost more, some 100 ns each where they
  // come for several minutes to and fro. Allocates when a minute begins, when it turns out to be a
  // busy one, and for late requests. A duration that is negative, no number or over 1e9 s is passed
  // over. False where the slot is no longer there: nothing is counted.
  bool observe(std::int64_t time_ms, int status, std::optional<double> seconds);
  // As if all that the other has observed had been observed here.
  void merge(const WindowedDurations& other);
  // Frees what is not of the hour before now. To be called every minute or so: a route without
  // requests does not do so by itself.
  void forget(std::int64_t now_ms);

  // The slots that touch [from_ms, to_ms].
  void add_to(WindowTotals& totals, std::int64_t from_ms, std::int64_t to_ms) const;
  // The time of the oldest request that was ever observed, forgotten or not.
  [[nodiscard]] std::optional<std::int64_t> first_ms() const;

  // Memory: of the object, and what it asked for on the heap.
  [[nodiscard]] std::size_t bytes() const;
  // Gives up the sketches of the oldest minutes until bytes() is at most this, or only the newest
  // has one: what they counted stays, but is in no percentile.
  void shrink(std::size_t bytes_max);

 private:
  struct Slot {
    WindowCounts counts;
    std::uint32_t minute = 0;  // since 1970
    std::uint16_t packed_bytes = 0;
    bool is_given_up = false;
  };

  bool observe_elsewhere(std::int64_t time_ms, int status, std::optional<double> seconds);
  static bool count(WindowCounts& counts, int status, std::optional<double> seconds);
  void keep_single(std::uint32_t minute, double seconds);
  void count_newest(int status, std::optional<double> seconds);
  std::optional<std::size_t> slot_for(std::int64_t minute);
  void begin_newest(std::uint32_t minute);
  void drop_before(std::int64_t minute);

  [[nodiscard]] std::size_t offset_of(std::size_t index) const;
  [[nodiscard]] std::span<const std::uint8_t> packed_of(std::size_t index) const;
  void set_packed(std::size_t index, std::span<const std::uint8_t> packed);
  [[nodiscard]] bool is_packed(std::size_t index) const;
  void pack_newest();
  void pack_singles();
  void pack_into(std::size_t index, BucketCounts& buckets);
  void add_buckets(std::size_t index, BucketCounts& to) const;

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  std::int64_t newest_start_ms_ = kNever;
  std::int64_t first_ms_ = std::numeric_limits<std::int64_t>::max();
  std::vector<Slot> slots_;           // by minute
  std::vector<std::uint8_t> packed_;  // their sketches, one after the other
  // What is in no packed sketch yet: each by itself, the last 16 bits of its minute and then its
  // bucket; and when the newest slot has many, how many of them by bucket.
  std::vector<std::uint32_t> singles_;
  std::vector<std::uint16_t> newest_;
};

// For all routes together.
inline constexpr std::size_t kWindowBytesMax = 16 << 20;

// Shrinks the largest until all together take at most this much; to be called every minute or so,
// for in between they grow. What cannot be given up is the counts of 61 slots and what the newest
// has: at most 8 KB a route, 4.4 KB for one that is quiet.
void keep_within(std::size_t bytes_max, std::span<WindowedDurations* const> all);

}  // namespace backstay::requests
