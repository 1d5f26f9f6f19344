#include "exporter/collectors/pg/pg_stat_bgwriter.h"

namespace backstay::collectors {

using metrics::Type;

View pg_stat_bgwriter() {
  return View{
      "bgwriter",
      {},
      {
          {"pg_stat_bgwriter_checkpoints_timed_total", Type::counter,
           "Checkpoints begun by checkpoint_timeout.", "checkpoints_timed", 0, 170000},
          {"pg_stat_bgwriter_checkpoints_req_total", Type::counter, "Checkpoints begun on request.",
           "checkpoints_req", 0, 170000},
          {"pg_stat_bgwriter_checkpoint_write_time_total", Type::counter,
           "Milliseconds spent writing files in checkpoints.", "checkpoint_write_time", 0, 170000},
          {"pg_stat_bgwriter_checkpoint_sync_time_total", Type::counter,
           "Milliseconds spent synchronizing files in checkpoints.", "checkpoint_sync_time", 0,
           170000},
          {"pg_stat_bgwriter_buffers_checkpoint_total", Type::counter,
           "Buffers written by checkpoints.", "buffers_checkpoint", 0, 170000},
          {"pg_stat_bgwriter_buffers_clean_total", Type::counter,
           "Buffers written by the background writer.", "buffers_clean"},
          {"pg_stat_bgwriter_maxwritten_clean_total", Type::counter,
           "Times that the background writer stopped because it had written too much.",
           "maxwritten_clean"},
          {"pg_stat_bgwriter_buffers_backend_total", Type::counter, "Buffers written by sessions.",
           "buffers_backend", 0, 170000},
          {"pg_stat_bgwriter_buffers_backend_fsync_total", Type::counter,
           "Times that a session had to synchronize a file itself.", "buffers_backend_fsync", 0,
           170000},
          {"pg_stat_bgwriter_buffers_alloc_total", Type::counter, "Buffers allocated.",
           "buffers_alloc"},
          {"pg_stat_bgwriter_stats_reset_total", Type::counter,
           "When these statistics were reset, in seconds since 1970.",
           "extract(epoch FROM stats_reset)"},
      },
      "FROM pg_stat_bgwriter"};
}

}  // namespace backstay::collectors
