#include "exporter/collectors/pg/pg_stat_progress_vacuum.h"

namespace backstay::collectors {

using metrics::Type;

View pg_stat_progress_vacuum() {
  return View{"stat_progress_vacuum",
              {{"datname", "v.datname"},
               {"relname",
                "CASE WHEN v.datname = current_database() THEN v.relid::regclass::text ELSE "
                "v.relid::text END"}},
              {
                  {"pg_stat_progress_vacuum_phase", Type::gauge,
                   "The step that the VACUUM is in, from 0, initializing, to 6, the final cleanup.",
                   "array_position(ARRAY['initializing', 'scanning heap', 'vacuuming indexes', "
                   "'vacuuming heap', 'cleaning up indexes', 'truncating heap', 'performing final "
                   "cleanup'], v.phase) - 1"},
                  {"pg_stat_progress_vacuum_heap_blks", Type::gauge, "Blocks of the table.",
                   "v.heap_blks_total"},
                  {"pg_stat_progress_vacuum_heap_blks_scanned", Type::gauge,
                   "Blocks of the table that were scanned.", "v.heap_blks_scanned"},
                  {"pg_stat_progress_vacuum_heap_blks_vacuumed", Type::gauge,
                   "Blocks of the table that were vacuumed.", "v.heap_blks_vacuumed"},
                  {"pg_stat_progress_vacuum_index_vacuums", Type::gauge,
                   "Rounds through the indexes that are done.", "v.index_vacuum_count"},
                  {"pg_stat_progress_vacuum_max_dead_tuples", Type::gauge,
                   "Dead rows that fit in memory before a round through the indexes.",
                   "v.max_dead_tuples", 0, 170000},
                  {"pg_stat_progress_vacuum_num_dead_tuples", Type::gauge,
                   "Dead rows collected since the last round through the indexes.",
                   "v.num_dead_tuples", 0, 170000},
                  {"pg_stat_progress_vacuum_max_dead_tuple_bytes", Type::gauge,
                   "Memory for dead rows before a round through the indexes, in bytes.",
                   "v.max_dead_tuple_bytes", 170000},
                  {"pg_stat_progress_vacuum_dead_tuple_bytes", Type::gauge,
                   "Memory that dead rows take now, in bytes.", "v.dead_tuple_bytes", 170000},
                  {"pg_stat_progress_vacuum_num_dead_item_ids", Type::gauge,
                   "Dead rows collected since the last round through the indexes.",
                   "v.num_dead_item_ids", 170000},
              },
              "FROM pg_stat_progress_vacuum v"};
}

}  // namespace backstay::collectors
