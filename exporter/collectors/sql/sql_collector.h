#pragma once

#include "exporter/collectors/collector.h"
#include "exporter/collectors/sql/sql_catalog.h"

namespace backstay::collectors {

// One query of a catalog. A value that is NULL or NaN is a series that is not there.
class SqlCollector final : public Collector {
 public:
  explicit SqlCollector(SqlQuery query);
  [[nodiscard]] const std::string& name() const override { return query_.name; }
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) override;
  [[nodiscard]] Schedule schedule() const override { return query_.schedule; }
  [[nodiscard]] std::string statement(int server_version) const override;

 private:
  SqlQuery query_;
  std::string statement_;
};

// What is sent to the server: the query as a subquery, with a limit to its rows; for a histogram
// counted into its buckets there, so that a row comes for each label set and not for each
// observation.
std::string statement_of(const SqlQuery& query);

}  // namespace backstay::collectors
