#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "receiver/journal/database.h"

namespace backstay::journal {

struct Exported {
  std::int64_t rows = 0;
  std::int64_t gaps = 0;  // places that could not be read
};

// Every row of every table as a line of JSON without its end, tables by name and rows in order:
//   {"row":{"id":1,"kind":"alert_firing",…},"table":"events"}
// Where the file is damaged it goes on behind the damage, and says what is missing:
//   {"gap":{"after_rowid":120,"why":"database disk image is malformed"},"table":"events"}
// An Error where not even the list of tables can be read.
Result<Exported> export_rows(Database& journal,
                             const std::function<void(const std::string&)>& line);

}  // namespace backstay::journal
