#pragma once

#include "exporter/collectors/collector.h"

namespace backstay::collectors {

// pg_stat_database_*{datid, datname}, as postgres_exporter 0.11 names them: the view's columns,
// those that it knows as gauge or counter, the others untyped.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW
class PgStatDatabase final : public Collector {
 public:
  [[nodiscard]] const std::string& name() const override;
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) const override;
};

}  // namespace backstay::collectors
