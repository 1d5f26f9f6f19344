#include "receiver/worker/promoter.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/log.h"

namespace backstay {

// A clock that is set forward makes no release good: time that did not pass proves nothing. One
// that is set back keeps none from it.
bool Promoter::has_settled(const Deployment& live) {
  const SteadyTime now = clock_.steady();
  if (watched_.deployment_id != live.id) {
    const auto age = std::max<std::chrono::milliseconds>(clock_.now() - live.live_at, {});
    watched_ = {live.id, age, now};
  }
  return watched_.age + (now - watched_.since) >= settle_;
}

void Promoter::promote() {
  bool is_due = false;
  const auto looked = journal_.read([&](journal::Transaction& tx) {
    const Ledger ledger = load_ledger(tx);
    const Deployment* live = ledger.live();
    const Release* release = live == nullptr ? nullptr : ledger.find(live->release);
    if (release == nullptr || release->good_at) return;
    is_due = has_settled(*live);
  });
  if (!looked || !is_due) return;
  std::optional<std::string> promoted;
  const auto written = journal_.write(
      [&](journal::Transaction& tx) { promoted = promote_settled(tx, clock_.now()); });
  if (written && promoted) log::info("a release is good now", {{"release", *promoted}});
}

}  // namespace backstay
