#pragma once

#include "base/pg.h"
#include "base/result.h"
#include "exporter/collectors/sql/sql_catalog.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

// The rows of a query's statement as its metric, brought below max_series; and how many of them
// were beyond that, as backstay_collector_overflow_rows{collector}.
Result<metrics::Families> families_of(const SqlQuery& query, const pg::Rows& rows);

}  // namespace backstay::collectors
