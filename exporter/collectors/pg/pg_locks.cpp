#include "exporter/collectors/pg/pg_locks.h"

namespace backstay::collectors {

using metrics::Type;

View pg_locks() {
  return View{"locks",
              {{"datname", "d.datname"}, {"mode", "m.mode"}},
              {
                  {"pg_locks_count", Type::gauge, "Locks of this mode, held or waited for.",
                   "coalesce(l.locks, 0)"},
              },
              R"sql(
FROM pg_database d
CROSS JOIN unnest(ARRAY['accesssharelock', 'rowsharelock', 'rowexclusivelock',
                        'shareupdateexclusivelock', 'sharelock', 'sharerowexclusivelock',
                        'exclusivelock', 'accessexclusivelock', 'sireadlock']) AS m (mode)
LEFT JOIN (
  SELECT database, lower(mode) AS mode, count(*) AS locks FROM pg_locks GROUP BY 1, 2
) l ON l.database = d.oid AND l.mode = m.mode
)sql"};
}

}  // namespace backstay::collectors
