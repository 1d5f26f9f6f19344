#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "receiver/journal/database.h"
#include "receiver/journal/retention.h"
#include "receiver/journal/trusted_time.h"

namespace backstay::journal {

// Keeps the journal in shape beside the work: removes what is older than `journal.keep` in small
// steps, and writes something every 15 s, so that a disk that is full or read-only shows in
// /-/ready before a webhook needs it. After a jump of the clock nothing is removed until the new
// time is to be trusted. go_round() and run() are called from one thread.
class Upkeep {
 public:
  static constexpr std::chrono::seconds kInterval{15};        // between two rounds
  static constexpr std::chrono::milliseconds kPause{200};     // while there is more to remove
  static constexpr std::chrono::hours kFromTheBeginning{24};  // what was needed may be no longer

  Upkeep(Database& journal, std::chrono::milliseconds keep, Clock& clock)
      : journal_(journal), keep_(keep), clock_(clock) {}

  void run(const std::stop_token& stop);
  // Returns true where there is more to remove.
  bool go_round();

 private:
  bool may_remove(WallTime now, SteadyTime steady);

  Database& journal_;
  const std::chrono::milliseconds keep_;
  Clock& clock_;
  std::optional<TrustedTime> time_;  // none until the journal could be read
  bool is_held_ = false;             // nothing is removed: the clock jumped
  RetentionPlace place_;
  SteadyTime began_;  // when it last began at the first event
  bool can_write_ = true;
};

}  // namespace backstay::journal
