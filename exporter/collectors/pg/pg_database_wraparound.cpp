#include "exporter/collectors/pg/pg_database_wraparound.h"

namespace backstay::collectors {

using metrics::Type;

View pg_database_wraparound() {
  return View{"database_wraparound",
              {{"datname", "datname"}},
              {
                  {"pg_database_wraparound_age_datfrozenxid_seconds", Type::gauge,
                   "Transactions since the oldest that is not frozen.", "age(datfrozenxid)"},
                  {"pg_database_wraparound_age_datminmxid_seconds", Type::gauge,
                   "Multixacts since the oldest that is not frozen.", "mxid_age(datminmxid)"},
              },
              "FROM pg_database WHERE datallowconn"};
}

}  // namespace backstay::collectors
