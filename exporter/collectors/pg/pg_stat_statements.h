#pragma once

#include "exporter/collectors/collector.h"
#include "exporter/collectors/pg/pg_options.h"

namespace backstay::collectors {

// pg_stat_statements_*{user, datname, queryid}: the statements that took the most time altogether,
// at most statements_top of them, and how many are slow. It reads the extension of the database
// that the exporter is connected to; where that is not installed there is nothing, and nothing has
// failed. https://www.postgresql.org/docs/15/pgstatstatements.html
class PgStatStatements final : public Collector {
 public:
  explicit PgStatStatements(const PgOptions& options) : options_(options) {}
  [[nodiscard]] const std::string& name() const override;
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) override;
  // Most databases do not have the extension: to learn that is quick.
  [[nodiscard]] bool is_quick() const override { return true; }
  [[nodiscard]] std::string question(int server_version) const override;
  [[nodiscard]] std::optional<metrics::Snapshot> answer(const pg::Rows& rows,
                                                        int server_version) override;

 private:
  const PgOptions options_;
};

// The SELECT for this version of the extension, 1.10 as 1010. What counts is the extension's
// version, not the server's: after pg_upgrade it stays what it was. schema: quoted where it must
// be.
std::string statements_sql(const PgOptions& options, const std::string& schema,
                           int extension_version);

}  // namespace backstay::collectors
