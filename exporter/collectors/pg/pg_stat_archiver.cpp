#include "exporter/collectors/pg/pg_stat_archiver.h"

namespace backstay::collectors {

using metrics::Type;

View pg_stat_archiver() {
  return View{"stat_archiver",
              {},
              {
                  {"pg_stat_archiver_archived_count", Type::counter,
                   "WAL files that were archived.", "archived_count"},
                  {"pg_stat_archiver_failed_count", Type::counter,
                   "Failed attempts to archive a WAL file.", "failed_count"},
                  {"pg_stat_archiver_last_archive_age", Type::gauge,
                   "Seconds since the last WAL file was archived.",
                   "extract(epoch FROM clock_timestamp() - last_archived_time)"},
              },
              "FROM pg_stat_archiver"};
}

}  // namespace backstay::collectors
