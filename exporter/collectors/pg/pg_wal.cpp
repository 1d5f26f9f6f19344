#include "exporter/collectors/pg/pg_wal.h"

namespace backstay::collectors {

using metrics::Type;

View pg_wal() {
  return View{"wal",
              {},
              {
                  {"pg_wal_segments", Type::gauge, "WAL files in pg_wal.", "count(*)"},
                  {"pg_wal_size_bytes", Type::gauge, "What they take, in bytes.", "sum(size)"},
              },
              "FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'",
              false};  // where archiving fails there are many
}

}  // namespace backstay::collectors
