#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace backstay::journal {

// Whether the wall clock may be believed where something is removed for its age, which cannot be
// undone. A clock that is set by hand, or before time comes over the network, is wrong at once and
// by much; one that is right goes on as steady time does. After a jump the new time is believed
// once it has held for a day of steady time, the old one as soon as the clock is back at it. Pure:
// it is told the time. One thread.
class TrustedTime {
 public:
  static constexpr std::chrono::hours kJump{1};      // less is no jump
  static constexpr std::chrono::hours kHoldFor{24};  // until a new time is believed

  // last: when it was last believed by a process before this one, whose steady time says nothing
  // here: a longer pause between the two looks like a jump. Nothing: there is nothing to compare.
  TrustedTime(std::optional<WallTime> last, WallTime now, SteadyTime steady)
      : trusted_{last.value_or(now), steady} {}

  // Whether to believe now; told again and again, at least every kJump.
  bool observe(WallTime now, SteadyTime steady);
  // What the clock would say, had it not jumped.
  [[nodiscard]] WallTime expected(SteadyTime steady) const { return trusted_.at(steady); }

 private:
  // A moment by both clocks.
  struct Moment {
    WallTime wall;
    SteadyTime steady;
    [[nodiscard]] WallTime at(SteadyTime later) const {
      return wall + std::chrono::duration_cast<std::chrono::milliseconds>(later - steady);
    }
  };
  static bool agree(const Moment& moment, WallTime now, SteadyTime steady);

  Moment trusted_;
  std::optional<Moment> jumped_;  // when the time that is not believed yet began
};

}  // namespace backstay::journal
