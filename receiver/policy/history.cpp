#include "receiver/policy/history.h"

#include <algorithm>

namespace backstay {

History load_history(journal::Transaction& tx, std::int64_t event_id, const Policy& policy,
                     WallTime now) {
  History history;
  history.ledger = load_ledger(tx);
  history.approval = find_approval(tx, event_id);
  WallTime since = now - std::chrono::hours(1);
  for (const Rule& rule : policy.rules) since = std::min(since, now - rule.cooldown);
  std::optional<std::int64_t> live_id;
  if (const Deployment* live = history.ledger.live()) {
    since = std::min(since, live->live_at);
    live_id = live->id;
    history.refused = refused_for(tx, live->id);
  }
  history.runs = runs_since(tx, since, live_id);
  return history;
}

}  // namespace backstay
