#pragma once

#include <chrono>
#include <stop_token>

namespace backstay {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Time, injected so that tests own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, for what is written down and compared with other machines. It can jump.
  virtual WallTime now() const = 0;
  // Time that never goes back, for durations and deadlines.
  virtual SteadyTime steady() const = 0;
  // Waits; returns false as soon as stop is requested.
  virtual bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const override;
  SteadyTime steady() const override;
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override;
};

}  // namespace backstay
