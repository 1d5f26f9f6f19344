#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "receiver/event.h"
#include "receiver/intake/webhooks.h"
#include "receiver/journal/database.h"

namespace backstay {

// The way of a webhook's events into the journal, with room for so many that wait for a decision. A
// flood of genuine deliveries ends here, and not on a full disk. Thread-safe.
class EventQueue {
 public:
  static constexpr std::int64_t kWaitingMax = 20'000;  // questions to people among them

  EventQueue(journal::Database& journal, Clock& clock, std::int64_t waiting_max = kWaitingMax)
      : journal_(journal), clock_(clock), waiting_max_(waiting_max), waiting_(waiting_max) {}

  // All of them are on disk, or none. Those that are there already need no room: they are answered
  // 2xx even where there is none, or they would come for ever.
  Result<intake::Appended> append(const std::vector<Event>& events);

 private:
  [[nodiscard]] bool has_room_for(journal::Transaction& tx, std::int64_t count);

  journal::Database& journal_;
  Clock& clock_;
  const std::int64_t waiting_max_;
  // Never less than there are: counted when it might be too many, since decisions lower it.
  std::atomic<std::int64_t> waiting_;
};

}  // namespace backstay
