#pragma once

#include <functional>

#include "tests/manual_clock.h"

namespace backstay::test {

// A ManualClock that tells how often it was asked for a steady time, so that a test can have
// something happen in the middle of work that only looks at the clock. For one thread.
class LookedAtClock final : public Clock {
 public:
  WallTime now() const override { return clock_.now(); }
  SteadyTime steady() const override {
    if (on_look) on_look(++looks_);
    return clock_.steady();
  }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    return clock_.sleep(duration, stop);
  }
  void advance(std::chrono::milliseconds duration) { clock_.advance(duration); }

  std::function<void(int)> on_look;  // the first look after it was set is 1

 private:
  ManualClock clock_;
  mutable int looks_ = 0;
};

}  // namespace backstay::test
