#pragma once

#include "exporter/collectors/collector.h"

namespace backstay::collectors {

// pg_stat_activity_count and pg_stat_activity_max_tx_duration (seconds) by {datname, state}: every
// database with every state, zero where no session is in it, as postgres_exporter 0.11 has them.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
class PgStatActivity final : public Collector {
 public:
  [[nodiscard]] const std::string& name() const override;
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) const override;
};

}  // namespace backstay::collectors
