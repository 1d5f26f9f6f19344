#include "exporter/collectors/pg/pg_stat_checkpointer.h"

namespace backstay::collectors {

using metrics::Type;

View pg_stat_checkpointer() {
  return View{"stat_checkpointer",
              {},
              {
                  {"pg_stat_checkpointer_num_timed_total", Type::counter,
                   "Checkpoints begun by checkpoint_timeout.", "num_timed", 170000},
                  {"pg_stat_checkpointer_num_requested_total", Type::counter,
                   "Checkpoints begun on request.", "num_requested", 170000},
                  {"pg_stat_checkpointer_restartpoints_timed_total", Type::counter,
                   "Restartpoints begun by checkpoint_timeout.", "restartpoints_timed", 170000},
                  {"pg_stat_checkpointer_restartpoints_req_total", Type::counter,
                   "Restartpoints begun on request.", "restartpoints_req", 170000},
                  {"pg_stat_checkpointer_restartpoints_done_total", Type::counter,
                   "Restartpoints done.", "restartpoints_done", 170000},
                  {"pg_stat_checkpointer_write_time_total", Type::counter,
                   "Milliseconds spent writing files.", "write_time", 170000},
                  {"pg_stat_checkpointer_sync_time_total", Type::counter,
                   "Milliseconds spent synchronizing files.", "sync_time", 170000},
                  {"pg_stat_checkpointer_buffers_written_total", Type::counter,
                   "Buffers written by checkpoints and restartpoints.", "buffers_written", 170000},
                  {"pg_stat_checkpointer_stats_reset_total", Type::counter,
                   "When these statistics were reset, in seconds since 1970.",
                   "extract(epoch FROM stats_reset)", 170000},
              },
              "FROM pg_stat_checkpointer"};
}

}  // namespace backstay::collectors
