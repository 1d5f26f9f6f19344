#pragma once

#include <cstddef>

struct sqlite3;

namespace backstay::journal {

// What this program reads and writes; a file has its own in PRAGMA user_version.
constexpr std::size_t kSchemaVersion = 6;

// Brings the journal's tables to the version this program knows, one migration at a time, each in a
// transaction of its own with the version it leads to (PRAGMA user_version). Throws for a file made
// by a newer version. docs/JOURNAL.md describes the tables.
void bring_up_to_date(sqlite3* db);

}  // namespace backstay::journal
