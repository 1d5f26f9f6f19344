#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"

namespace backstay::intake {

// What the log is told of refusals, so that a stranger who is refused all day cannot fill the disk
// with it. Of each kind the first few senders get a line, one each; the rest of the window is left
// out, and the next line says how much that was. The counters have all of it. Thread-safe.
class RefusalLog {
 public:
  static constexpr std::chrono::minutes kWindow{10};
  static constexpr std::size_t kSendersMax = 16;  // of each kind, in each window

  // Nothing: it is left out. Otherwise it is to be told, with how many of its kind were left out
  // since the last that was told. A kind is in our own words, as there are only so many of them;
  // `from` is who was refused.
  std::optional<std::uint64_t> due(const std::string& kind, const std::string& from, SteadyTime now)
      EXCLUDES(mutex_);

 private:
  struct Kind {
    SteadyTime began_at;
    std::set<std::string> told;  // of whom the log knows in this window
    std::uint64_t left_out = 0;
  };
  Mutex mutex_;
  std::map<std::string, Kind> kinds_ GUARDED_BY(mutex_);
};

}  // namespace backstay::intake
