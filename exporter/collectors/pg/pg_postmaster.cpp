#include "exporter/collectors/pg/pg_postmaster.h"

namespace backstay::collectors {

using metrics::Type;

View pg_postmaster() {
  return View{"postmaster",
              {},
              {
                  {"pg_postmaster_start_time_seconds", Type::gauge,
                   "When the server was started, in seconds since 1970.",
                   "extract(epoch FROM pg_postmaster_start_time())"},
              },
              ""};
}

}  // namespace backstay::collectors
