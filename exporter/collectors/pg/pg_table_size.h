#pragma once

#include "exporter/collectors/collector.h"
#include "exporter/collectors/pg/size_schedule.h"

namespace backstay::collectors {

// pg_stat_user_tables_{table,index}_size_bytes{datname, schemaname, relname} of the largest tables.
// The functions that tell a size wait for whoever has, or waits for, an exclusive lock, and whoever
// comes then waits for them: such tables are left out, and counted in backstay_pg_tables_locked.
// backstay_pg_tables_left_out counts those beyond tables_max.
// https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-ADMIN-DBSIZE
class PgTableSize final : public Collector {
 public:
  explicit PgTableSize(int tables_max);
  [[nodiscard]] const std::string& name() const override;
  [[nodiscard]] Schedule schedule() const override { return kSizeSchedule; }
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) override;

 private:
  const std::string sql_;
};

}  // namespace backstay::collectors
