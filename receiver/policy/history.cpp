#include "receiver/policy/history.h"

#include <algorithm>

namespace backstay {

namespace {

// Which runs were in flight when the event came in says whether it is the echo of one.
constexpr std::chrono::hours kRunsMax{24};

}  // namespace

History load_history(journal::Transaction& tx, std::int64_t event_id, WallTime received_at,
                     const Policy& policy, WallTime now) {
  History history;
  history.ledger = load_ledger(tx);
  history.approval = find_approval(tx, event_id);
  WallTime since = std::min(now - std::chrono::hours(1), received_at - kRunsMax);
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
