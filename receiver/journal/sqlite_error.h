#pragma once

#include <stdexcept>

#include <sqlite3.h>

namespace backstay::journal {

// What SQLite said went wrong. Private to this room: Database turns it into an Error.
struct SqliteError : std::runtime_error {
  // Of the last call on this connection; of a connection that could not be had, "out of memory".
  explicit SqliteError(sqlite3* db)
      : std::runtime_error(sqlite3_errmsg(db)), code(sqlite3_errcode(db)) {}
  int code;  // the primary one: SQLITE_CORRUPT, SQLITE_FULL, …

  // The file's content is not what SQLite wrote.
  [[nodiscard]] bool is_damage() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }
  // What was asked for is the reason: asked for again, it fails again.
  [[nodiscard]] bool is_of_the_work() const {
    switch (code) {
      case SQLITE_ERROR:
      case SQLITE_CONSTRAINT:
      case SQLITE_MISMATCH:
      case SQLITE_TOOBIG:
      case SQLITE_RANGE:
      case SQLITE_MISUSE:
        return true;
      default:
        return false;
    }
  }
  // The disk, and not what was asked for, is the reason.
  [[nodiscard]] bool is_of_the_disk() const {
    switch (code) {
      case SQLITE_FULL:
      case SQLITE_IOERR:
      case SQLITE_READONLY:
      case SQLITE_CANTOPEN:
      case SQLITE_PERM:
      case SQLITE_BUSY:
        return true;
      default:
        return is_damage();
    }
  }
};

}  // namespace backstay::journal
