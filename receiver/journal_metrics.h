#pragma once

#include <vector>

#include <prometheus/collectable.h>

#include "receiver/journal/database.h"
#include "receiver/policy/facts.h"
#include "receiver/worker/worker.h"

namespace backstay {

// What the journal says, as metrics: counters that survive restarts because they are counted from
// what is on disk. A journal that cannot be read or written shows as backstay_receiver_journal_up
// 0; where it cannot be read, the rest is absent. docs/METRICS.md has a row for each. Thread-safe.
class JournalMetrics final : public prometheus::Collectable {
 public:
  JournalMetrics(journal::Database& journal, const Worker& worker, const KillSwitch& kill_switch)
      : journal_(journal), worker_(worker), kill_switch_(kill_switch) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  journal::Database& journal_;
  const Worker& worker_;
  const KillSwitch& kill_switch_;
};

}  // namespace backstay
