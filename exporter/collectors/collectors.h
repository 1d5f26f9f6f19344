#pragma once

#include <memory>
#include <vector>

#include "exporter/collectors/collector.h"
#include "exporter/collectors/events/event_collector.h"
#include "exporter/collectors/pg/pg_options.h"
#include "exporter/collectors/sql/sql_catalog.h"

namespace backstay::collectors {

// The explicit table: the built-in PostgreSQL statistics, if wanted, then one for each query that
// has SQL.
std::vector<std::unique_ptr<Collector>> make_collectors(bool with_pg,
                                                        const std::vector<SqlQuery>& queries,
                                                        const PgOptions& options = {});
// And one for each that counts events.
std::vector<std::unique_ptr<Collector>> make_event_collectors(const std::vector<SqlQuery>& queries,
                                                              const EventServices& services);

}  // namespace backstay::collectors
