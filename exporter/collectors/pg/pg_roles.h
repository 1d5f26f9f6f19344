#pragma once

#include "exporter/collectors/pg/view_collector.h"

namespace backstay::collectors {

// pg_roles_connection_limit{rolname} of every role, those that may not log in among them: as many
// series as the server has roles, as with postgres_exporter.
// https://www.postgresql.org/docs/15/view-pg-roles.html
View pg_roles();

}  // namespace backstay::collectors
