#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "receiver/journal/statement.h"

struct sqlite3;

namespace backstay::journal {

class Checkpoints;
struct SqliteError;

// What may be done while the journal is held. Valid only inside the function it is passed to.
class Transaction {
 public:
  Transaction(sqlite3* db, PreparedStatements& statements) : db_(db), statements_(statements) {}
  [[nodiscard]] Statement prepare(std::string_view sql) const { return statements_.lend(sql); }
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] std::int64_t rows_changed() const;

 private:
  sqlite3* db_;
  PreparedStatements& statements_;
};

// How a write ended.
struct Written {
  enum class End {
    on_disk,
    not_now,  // the disk, the file or the machine is the reason: it may be tried again
    never,    // the work is: the journal is well, and would not take it the next time either
  };
  End end = End::on_disk;
  std::string why = {};  // where it is not on disk

  explicit operator bool() const { return end == End::on_disk; }
};

// The journal's file: SQLite in WAL mode with synchronous=FULL, so that what write() returned
// success for survives a power cut. Only the journal includes sqlite3.h. Thread-safe: one
// connection, held by one thread at a time; what other threads want to write while one commits
// is written together, in one commit. Another thread moves it from the log to the file.
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
  // The same, for those who would try again.
  Written try_to_write(const std::function<void(Transaction&)>& work)
      EXCLUDES(mutex_, queue_mutex_);
  Result<void> read(const std::function<void(Transaction&)>& work) EXCLUDES(mutex_);

  // How many threads wait for a commit, the one that makes it not among them.
  [[nodiscard]] std::size_t writes_waiting() const EXCLUDES(queue_mutex_);
  // What is wrong with the file; empty while nothing is known to be. Once it is damaged, or a read
  // or a write came upon it, every read and write is an Error until the process ends: what rests on
  // such a file may be a second rollback.
  [[nodiscard]] std::string damage() const EXCLUDES(damage_mutex_);
  // What a reader of the same file (open_to_read) says of it, where that is anything.
  void heed_damage_of(const Database& reader) EXCLUDES(damage_mutex_);
  // Why the last write failed, where the disk is the reason; empty once one succeeds.
  [[nodiscard]] std::string write_problem() const EXCLUDES(mutex_);

  // How often a commit had to wait until the log was copied into the file.
  [[nodiscard]] std::int64_t commits_held_up() const;

  // For tests that end the process between any two changes: called before and after each commit.
  void on_commit(std::function<void()> hook) { commit_hook_ = std::move(hook); }

 private:
  // What one thread wants to write, and what wakes it. Shared, so that it can be woken by a thread
  // that holds no lock: one that wakes up for a lock that is held goes to sleep again.
  struct Write {
    enum class Turn { waits, makes_next_commit, is_settled };

    explicit Write(const std::function<void(Transaction&)>& work_in) : work(work_in) {}
    void wake(Turn next);
    Turn wait();

    const std::function<void(Transaction&)>& work;
    std::optional<std::string> error;  // none: it is on disk
    bool is_of_the_work = false;       // the error
    std::mutex mutex;                  // condition_variable_any would have a second one
    std::condition_variable changed;
    Turn turn = Turn::waits;  // under mutex
  };
  using Group = std::vector<std::shared_ptr<Write>>;

  explicit Database(sqlite3* db);
  void begin_checkpoints() REQUIRES(mutex_);
  void commit(const Group& group) EXCLUDES(mutex_);
  void run(Write& write, bool is_alone) REQUIRES(mutex_);
  static void do_work(Write& write, Transaction& transaction);
  void execute(std::string_view sql) REQUIRES(mutex_);
  bool must_wait(const std::shared_ptr<Write>& write) EXCLUDES(queue_mutex_);
  Group take_group() EXCLUDES(queue_mutex_);
  std::shared_ptr<Write> next_in_turn() EXCLUDES(queue_mutex_);  // null where nobody waits
  void note(const SqliteError& error) REQUIRES(mutex_);
  void note_damage(const std::string& found) EXCLUDES(damage_mutex_);

  mutable Mutex mutex_;
  sqlite3* db_ GUARDED_BY(mutex_);
  PreparedStatements statements_ GUARDED_BY(mutex_);
  int log_pages_ GUARDED_BY(mutex_) = 0;  // SQLite says so at the end of a commit
  std::string write_problem_ GUARDED_BY(mutex_);
  std::function<void()> commit_hook_;

  // Not one that a commit holds: everybody must know of damage at once.
  mutable Mutex damage_mutex_;
  std::string damage_ GUARDED_BY(damage_mutex_);

  mutable Mutex queue_mutex_;
  std::deque<std::shared_ptr<Write>> queue_ GUARDED_BY(queue_mutex_);
  bool is_committing_ GUARDED_BY(queue_mutex_) = false;

  std::unique_ptr<Checkpoints> checkpoints_;  // none for a journal in memory
};

}  // namespace backstay::journal
