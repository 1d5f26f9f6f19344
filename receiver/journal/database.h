#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace backstay::journal {

struct SqliteError;

// One prepared statement. Values are bound in order, then rows are stepped through:
//   Statement s = tx.prepare("SELECT id FROM events WHERE kind = ?");
//   for (s.bind("alert_firing"); s.next();) use(s.integer(0));
// Errors of SQLite are thrown as a private type that Database::write and ::read turn into an Error.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind(std::nullopt_t);
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind(std::nullopt);
  }

  bool next();  // a row is there
  void run() {
    while (next()) {
    }
  }  // for statements without rows
  [[nodiscard]] int columns() const;
  [[nodiscard]] std::string name(int column) const;
  [[nodiscard]] bool is_integer(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const;
  [[nodiscard]] std::optional<std::string> maybe_text(int column) const;

 private:
  void check(int code) const;
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// What may be done while the journal is held. Valid only inside the function it is passed to.
class Transaction {
 public:
  explicit Transaction(sqlite3* db) : db_(db) {}
  [[nodiscard]] Statement prepare(std::string_view sql) const { return {db_, sql}; }
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] std::int64_t rows_changed() const;

 private:
  sqlite3* db_;
};

// The journal's file: SQLite in WAL mode with synchronous=FULL, so that what write() returned
// success for survives a power cut. Only the journal includes sqlite3.h. Thread-safe: one
// connection, held by one thread at a time; what other threads want to write while one commits
// is written together, in one commit.
class Database {
 public:
  // Of one commit. Each has waited for the one before, so that no more than these wait behind it.
  static constexpr std::size_t kGroupMax = 64;

  // Opens or creates; brings the schema up to date (schema.h); an Error for a file from a newer
  // version. A damaged file opens and says so in damage().
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  // A file that is there, as far as it can be read, whatever its version and whoever writes it.
  static Result<std::unique_ptr<Database>> open_to_read(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // All of the work is on disk, or none of it: an Error (disk full, damaged file) or an exception
  // means that nothing changed. It may run on another thread that writes, while this one waits; one
  // that fails does not take the others of its commit with it.
  Result<void> write(const std::function<void(Transaction&)>& work) EXCLUDES(mutex_, queue_mutex_);
  Result<void> read(const std::function<void(Transaction&)>& work) EXCLUDES(mutex_);

  // How many threads wait for a commit, the one that makes it not among them.
  [[nodiscard]] std::size_t writes_waiting() const EXCLUDES(queue_mutex_);
  // What is wrong with the file; empty while nothing is known to be. Once it is damaged, or a read
  // or a write came upon it, every read and write is an Error until the process ends: what rests on
  // such a file may be a second rollback.
  [[nodiscard]] std::string damage() const EXCLUDES(mutex_);
  // Why the last write failed, where the disk is the reason; empty once one succeeds.
  [[nodiscard]] std::string write_problem() const EXCLUDES(mutex_);

  // For tests that end the process between any two changes: called before and after each commit.
  void on_commit(std::function<void()> hook) { commit_hook_ = std::move(hook); }

 private:
  // What one thread wants to write. It stays on that thread's stack, since that waits.
  struct Write {
    const std::function<void(Transaction&)>& work;
    bool is_settled = false;
    std::optional<std::string> error;  // none: it is on disk
  };

  explicit Database(sqlite3* db) : db_(db) {}
  void commit(const std::vector<Write*>& group) EXCLUDES(mutex_);
  void run(Write& write, bool is_alone) REQUIRES(mutex_);
  void note(const SqliteError& error) REQUIRES(mutex_);

  mutable Mutex mutex_;
  sqlite3* db_ GUARDED_BY(mutex_);
  std::string damage_ GUARDED_BY(mutex_);
  std::string write_problem_ GUARDED_BY(mutex_);
  std::function<void()> commit_hook_;

  mutable Mutex queue_mutex_;
  std::condition_variable_any settled_;
  std::deque<Write*> queue_ GUARDED_BY(queue_mutex_);
  bool is_committing_ GUARDED_BY(queue_mutex_) = false;
};

}  // namespace backstay::journal
