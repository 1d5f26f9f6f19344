#include "receiver/journal/database.h"

#include <algorithm>
#include <new>
#include <utility>

#include "receiver/journal/checkpoints.h"
#include "receiver/journal/integrity.h"
#include "receiver/journal/schema.h"
#include "receiver/journal/sqlite_error.h"

namespace backstay::journal {
namespace {

// Who is told by SQLite how long its log is need not copy it there and then.
int keep_log_pages(void* kept, sqlite3*, const char*, int pages) {
  *static_cast<int*>(kept) = pages;
  return SQLITE_OK;
}

std::string damaged(const std::string& why) {
  return "the file is damaged: " + why + "; backstay journal check says where";
}

}  // namespace

std::int64_t Transaction::last_id() const { return sqlite3_last_insert_rowid(db_); }
std::int64_t Transaction::rows_changed() const { return sqlite3_changes(db_); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Database> opened(new Database(db));  // closes db on every way out
  if (code != SQLITE_OK) return fail("journal " + path + ": " + sqlite3_errmsg(db));
  const MutexLock lock(opened->mutex_);
  try {
    sqlite3_busy_timeout(db, 5000);
    opened->execute("PRAGMA cell_size_check=ON");  // each page that is read is looked at
    opened->execute("PRAGMA journal_mode=WAL");
    opened->execute("PRAGMA synchronous=FULL");
    opened->execute("PRAGMA foreign_keys=ON");
    if (const std::string found = check_at_start(db); !found.empty()) {
      opened->note_damage(damaged(found));
    } else {
      bring_up_to_date(db);
    }
  } catch (const SqliteError& error) {
    if (!error.is_damage()) return fail("journal " + path + ": " + error.what());
    opened->note_damage(damaged(error.what()));
  } catch (const std::exception& error) {
    return fail("journal " + path + ": " + error.what());
  }
  if (opened->damage().empty()) opened->begin_checkpoints();
  return opened;
}

// Without a thread of their own, commits make them, as SQLite does by itself.
void Database::begin_checkpoints() {
  const char* file = sqlite3_db_filename(db_, "main");  // empty for a journal in memory
  if (file == nullptr || *file == '\0') return;
  checkpoints_ = Checkpoints::begin(file, mutex_,
                                    [this](const std::string& why) { note_damage(damaged(why)); });
  if (checkpoints_) sqlite3_wal_hook(db_, keep_log_pages, &log_pages_);
}

Result<std::unique_ptr<Database>> Database::open_to_read(const std::string& path) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
  std::unique_ptr<Database> opened(new Database(db));
  if (code != SQLITE_OK) return fail("journal " + path + ": " + sqlite3_errmsg(db));
  sqlite3_busy_timeout(db, 5000);
  return opened;
}

std::string Database::damage() const {
  const MutexLock lock(damage_mutex_);
  return damage_;
}

// What is found first counts.
void Database::note_damage(const std::string& found) {
  const MutexLock lock(damage_mutex_);
  if (damage_.empty()) damage_ = found;
}

void Database::heed_damage_of(const Database& reader) { note_damage(reader.damage()); }

std::string Database::write_problem() const {
  const MutexLock lock(mutex_);
  return write_problem_;
}

Database::Database(sqlite3* db) : db_(db), statements_(db) {}

Database::~Database() {
  checkpoints_.reset();
  statements_.clear();
  sqlite3_close(db_);
}

std::int64_t Database::commits_held_up() const {
  return checkpoints_ ? checkpoints_->waited_for() : 0;
}

void Database::execute(std::string_view sql) { statements_.lend(sql).run(); }

void Database::Write::wake(Turn next) {
  {
    const std::lock_guard lock(mutex);
    turn = next;
  }
  changed.notify_one();
}

Database::Write::Turn Database::Write::wait() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [this]() { return turn != Turn::waits; });
  return turn;
}

Result<void> Database::write(const std::function<void(Transaction&)>& work) {
  const Written written = try_to_write(work);
  if (!written) return fail("journal: " + written.why);
  return {};
}

// Whoever finds no commit under way makes the next one; then whoever has waited longest, for all
// that wait by then.
Written Database::try_to_write(const std::function<void(Transaction&)>& work) {
  const auto mine = std::make_shared<Write>(work);
  if (!must_wait(mine) || mine->wait() == Write::Turn::makes_next_commit) {
    const Group group = take_group();
    commit(group);
    if (const auto next = next_in_turn()) next->wake(Write::Turn::makes_next_commit);
    for (const auto& each : group) {
      if (each != mine) each->wake(Write::Turn::is_settled);
    }
  }
  if (!mine->error) return {};
  return {mine->is_of_the_work ? Written::End::never : Written::End::not_now, *mine->error};
}

bool Database::must_wait(const std::shared_ptr<Write>& write) {
  const MutexLock lock(queue_mutex_);
  queue_.push_back(write);
  return std::exchange(is_committing_, true);
}

Database::Group Database::take_group() {
  const MutexLock lock(queue_mutex_);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupMax));
  Group group(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return group;
}

std::shared_ptr<Database::Write> Database::next_in_turn() {
  const MutexLock lock(queue_mutex_);
  is_committing_ = !queue_.empty();
  return queue_.empty() ? nullptr : queue_.front();
}

void Database::commit(const Group& group) {
  const MutexLock lock(mutex_);
  std::string error = damage();
  if (error.empty()) {
    try {
      execute("BEGIN IMMEDIATE");
      for (const auto& each : group) run(*each, group.size() == 1);
      if (commit_hook_) commit_hook_();
      execute("COMMIT");
      write_problem_.clear();
      if (checkpoints_) checkpoints_->note(log_pages_);
      if (commit_hook_) commit_hook_();
      return;
    } catch (const SqliteError& sqlite) {
      note(sqlite);
      error = sqlite.what();
    } catch (const std::exception& other) {
      error = other.what();
    }
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  for (const auto& each : group) {
    if (!each->error) each->error = error;
  }
}

// Throws what the work throws, when it is noted whether it would throw that again.
void Database::do_work(Write& write, Transaction& transaction) {
  try {
    write.work(transaction);
  } catch (const SqliteError& error) {
    write.is_of_the_work = error.is_of_the_work();
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    write.is_of_the_work = true;
    throw;
  }
}

// Throws where the whole transaction is lost.
void Database::run(Write& write, bool is_alone) {
  Transaction transaction(db_, statements_);
  if (is_alone) return do_work(write, transaction);
  execute("SAVEPOINT one");
  try {
    do_work(write, transaction);
  } catch (const SqliteError& error) {
    // A full disk, for example, ends the transaction by itself.
    if (error.is_damage() || sqlite3_get_autocommit(db_) != 0) throw;
    write.error = error.what();
  } catch (const std::exception& error) {
    write.error = error.what();
  }
  if (write.error) execute("ROLLBACK TO one");
  execute("RELEASE one");
}

void Database::note(const SqliteError& error) {
  if (error.is_damage()) note_damage(damaged(error.what()));
  if (error.is_of_the_disk()) write_problem_ = error.what();
}

std::size_t Database::writes_waiting() const {
  const MutexLock lock(queue_mutex_);
  return queue_.size();
}

Result<void> Database::read(const std::function<void(Transaction&)>& work) {
  const MutexLock lock(mutex_);
  if (const std::string found = damage(); !found.empty()) return fail("journal: " + found);
  std::string error;
  try {
    execute("BEGIN");
    Transaction transaction(db_, statements_);
    work(transaction);
  } catch (const SqliteError& sqlite) {
    if (sqlite.is_damage()) note_damage(damaged(sqlite.what()));
    error = sqlite.what();
  } catch (const std::exception& other) {
    error = other.what();
  }
  // It changed nothing, and what it could read of a damaged file is not lost by its end.
  sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  if (!error.empty()) return fail("journal: " + error);
  return {};
}

}  // namespace backstay::journal
