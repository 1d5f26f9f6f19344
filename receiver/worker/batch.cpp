#include "receiver/worker/batch.h"

#include "receiver/journal/approval_log.h"
#include "receiver/journal/event_log.h"

namespace backstay {
namespace {

// An alert has facts of its own, and one that resolves may change what is to be decided next.
bool is_an_alert(const Event& event) {
  return event.kind == EventKind::alert_firing || event.kind == EventKind::alert_resolved;
}

}  // namespace

bool may_share_a_look(const Event& event, const Policy& policy) {
  return !is_an_alert(event) && !has_rule_for(event, policy);
}

std::vector<StoredEvent> batch_from(journal::Transaction& tx, const StoredEvent& first,
                                    const Policy& policy) {
  std::vector<StoredEvent> batch{first};
  // A rule that named it may be gone since people were asked.
  if (!may_share_a_look(first.event, policy) || find_approval(tx, first.id)) return batch;
  for (StoredEvent& next : undecided_after(tx, first.id, kSharedLookMax - 1)) {
    if (!may_share_a_look(next.event, policy))
      break;  // and none is decided before one that came earlier
    batch.push_back(std::move(next));
  }
  return batch;
}

}  // namespace backstay
