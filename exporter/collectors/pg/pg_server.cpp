#include "exporter/collectors/pg/pg_server.h"

namespace backstay::collectors {

using metrics::Type;

View pg_server() {
  // The short version is a semantic one: 15.18.0 for 150018.
  return View{"server",
              {{"version", "version()"},
               {"short_version",
                "current_setting('server_version_num')::int / 10000 || '.' || "
                "current_setting('server_version_num')::int % 10000 || '.0'"}},
              {
                  {"pg_static", Type::untyped, "The server's version; always 1.", "1"},
              },
              ""};
}

}  // namespace backstay::collectors
