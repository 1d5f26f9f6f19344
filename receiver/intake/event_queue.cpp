#include "receiver/intake/event_queue.h"

#include <algorithm>

#include "receiver/journal/event_log.h"

namespace backstay {

bool EventQueue::has_room_for(journal::Transaction& tx, std::int64_t count) {
  if (waiting_ + count <= waiting_max_) return true;
  waiting_ = journal::count_without_decision(tx);
  return waiting_ + count <= waiting_max_;
}

Result<intake::Appended> EventQueue::append(const std::vector<Event>& events) {
  intake::Appended appended;
  const auto written = journal_.write([&](journal::Transaction& tx) {
    const auto count = static_cast<std::int64_t>(events.size());
    if (!has_room_for(tx, count)) {
      appended.is_full = std::any_of(events.begin(), events.end(), [&](const Event& event) {
        return !journal::has_event(tx, event);
      });
      if (appended.is_full) return;
    }
    const WallTime now = clock_.now();
    for (const Event& event : events) {
      (journal::append_event(tx, event, now) ? appended.stored : appended.duplicates) += 1;
    }
    waiting_ += appended.stored;
  });
  if (!written) return fail(written.error());
  return appended;
}

}  // namespace backstay
