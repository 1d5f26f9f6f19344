#include "receiver/journal/database.h"

#include <algorithm>
#include <utility>

#include "receiver/journal/integrity.h"
#include "receiver/journal/schema.h"
#include "receiver/journal/sqlite_error.h"

namespace backstay::journal {
namespace {

void execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw SqliteError(db);
  }
}

std::string damaged(const std::string& why) {
  return "the file is damaged: " + why + "; backstay journal check says where";
}

}  // namespace

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  check(sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr));
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), bound_(other.bound_) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
    throw SqliteError(db_);
  }
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL, and an empty view may hold one.
  const char* data = text.data() == nullptr ? "" : text.data();
  check(
      sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(std::nullopt_t) {
  check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool Statement::next() {
  const int code = sqlite3_step(statement_);
  check(code);
  return code == SQLITE_ROW;
}

int Statement::columns() const { return sqlite3_column_count(statement_); }
std::string Statement::name(int column) const { return sqlite3_column_name(statement_, column); }
bool Statement::is_integer(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const { return maybe_text(column).value_or(""); }

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Statement::maybe_text(int column) const {
  const void* text = sqlite3_column_blob(statement_, column);
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return size == 0 ? std::string() : std::string(static_cast<const char*>(text), size);
}

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
    execute(db, "PRAGMA cell_size_check=ON");  // each page that is read is looked at
    execute(db, "PRAGMA journal_mode=WAL");
    execute(db, "PRAGMA synchronous=FULL");
    execute(db, "PRAGMA foreign_keys=ON");
    if (const std::string found = check_at_start(db); !found.empty()) {
      opened->damage_ = damaged(found);
    } else {
      bring_up_to_date(db);
    }
  } catch (const SqliteError& error) {
    if (!error.is_damage()) return fail("journal " + path + ": " + error.what());
    opened->damage_ = damaged(error.what());
  } catch (const std::exception& error) {
    return fail("journal " + path + ": " + error.what());
  }
  return opened;
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
  const MutexLock lock(mutex_);
  return damage_;
}

std::string Database::write_problem() const {
  const MutexLock lock(mutex_);
  return write_problem_;
}

Database::~Database() { sqlite3_close(db_); }

// Whoever finds no commit under way makes the next one, for all that wait by then.
Result<void> Database::write(const std::function<void(Transaction&)>& work) {
  Write mine{work, false, std::nullopt};
  MutexLock lock(queue_mutex_);
  queue_.push_back(&mine);
  for (;;) {
    settled_.wait(lock,
                  [&]() REQUIRES(queue_mutex_) { return mine.is_settled || !is_committing_; });
    if (mine.is_settled) break;
    const auto end =
        queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupMax));
    const std::vector<Write*> group(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
    is_committing_ = true;
    lock.unlock();
    commit(group);
    lock.lock();
    for (Write* each : group) each->is_settled = true;
    is_committing_ = false;
    settled_.notify_all();
  }
  if (mine.error) return fail("journal: " + *mine.error);
  return {};
}

void Database::commit(const std::vector<Write*>& group) {
  const MutexLock lock(mutex_);
  std::string error = damage_;
  if (error.empty()) {
    try {
      execute(db_, "BEGIN IMMEDIATE");
      for (Write* each : group) run(*each, group.size() == 1);
      if (commit_hook_) commit_hook_();
      execute(db_, "COMMIT");
      write_problem_.clear();
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
  for (Write* each : group) each->error = error;
}

// Throws where the whole transaction is lost.
void Database::run(Write& write, bool is_alone) {
  Transaction transaction(db_);
  if (is_alone) return write.work(transaction);
  execute(db_, "SAVEPOINT one");
  try {
    write.work(transaction);
  } catch (const SqliteError& error) {
    // A full disk, for example, ends the transaction by itself.
    if (error.is_damage() || sqlite3_get_autocommit(db_) != 0) throw;
    write.error = error.what();
  } catch (const std::exception& error) {
    write.error = error.what();
  }
  if (write.error) execute(db_, "ROLLBACK TO one");
  execute(db_, "RELEASE one");
}

void Database::note(const SqliteError& error) {
  if (error.is_damage()) damage_ = damaged(error.what());
  if (error.is_of_the_disk()) write_problem_ = error.what();
}

std::size_t Database::writes_waiting() const {
  const MutexLock lock(queue_mutex_);
  return queue_.size();
}

Result<void> Database::read(const std::function<void(Transaction&)>& work) {
  const MutexLock lock(mutex_);
  if (!damage_.empty()) return fail("journal: " + damage_);
  std::string error;
  try {
    execute(db_, "BEGIN");
    Transaction transaction(db_);
    work(transaction);
  } catch (const SqliteError& sqlite) {
    if (sqlite.is_damage()) damage_ = damaged(sqlite.what());
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
