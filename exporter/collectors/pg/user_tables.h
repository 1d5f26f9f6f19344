#pragma once

#include <string>

namespace backstay::collectors {

// A SELECT of {oid, nspname, relname, reltoastrelid, tables}: the tables_max largest tables of the
// database, system and temporary ones aside. "Largest" goes by what the last VACUUM or ANALYZE
// wrote down: to look at the files of each of 100,000 tables would take seconds. `tables` is how
// many there are altogether. https://www.postgresql.org/docs/15/catalog-pg-class.html
std::string largest_tables_sql(int tables_max);

}  // namespace backstay::collectors
