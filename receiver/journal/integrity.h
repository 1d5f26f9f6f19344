#pragma once

#include <string>
#include <vector>

#include "receiver/journal/database.h"

struct sqlite3;

namespace backstay::journal {

// What the start looks at: the tables that a decision rests on, whole, and the newest rows of those
// that grow with every event. Empty, or what is wrong; throws where SQLite cannot even say that.
// Reading all of a journal takes seconds from memory and minutes from a disk; a bad page that the
// start did not see ends all acting when it is met, and check_all() finds it before.
std::string check_at_start(sqlite3* db);

// One thing that is wrong.
struct Problem {
  std::string check;  // "integrity", "foreign keys", "schema", or what should hold
  std::string what;   // where it does not
};

// Every page, index and foreign key, and what holds of a journal beyond that (docs/JOURNAL.md). At
// most kProblemsMax of each check. Reads the whole file.
constexpr int kProblemsMax = 100;
std::vector<Problem> check_all(Transaction& tx);

}  // namespace backstay::journal
