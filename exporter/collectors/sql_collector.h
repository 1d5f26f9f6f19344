#pragma once

#include "exporter/collectors/collector.h"
#include "exporter/collectors/sql_catalog.h"

namespace backstay::collectors {

// One query of a catalog. A value that is NULL or NaN is a series that is not there.
class SqlCollector final : public Collector {
 public:
  explicit SqlCollector(SqlQuery query) : query_(std::move(query)) {}
  [[nodiscard]] const std::string& name() const override { return query_.name; }
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) const override;

 private:
  SqlQuery query_;
};

}  // namespace backstay::collectors
