#pragma once

#include <memory>
#include <vector>

#include "exporter/collectors/collector.h"
#include "exporter/collectors/sql_catalog.h"

namespace backstay::collectors {

// The explicit table: the built-in PostgreSQL statistics, if wanted, then one for each query.
std::vector<std::unique_ptr<Collector>> make_collectors(bool with_pg,
                                                        const std::vector<SqlQuery>& queries);

}  // namespace backstay::collectors
