#include "exporter/collectors/pg/pg_roles.h"

namespace backstay::collectors {

using metrics::Type;

View pg_roles() {
  return View{"roles",
              {{"rolname", "rolname"}},
              {
                  {"pg_roles_connection_limit", Type::gauge,
                   "How many sessions the role may have; -1: any number.", "rolconnlimit"},
              },
              "FROM pg_roles"};
}

}  // namespace backstay::collectors
