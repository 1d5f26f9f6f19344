#include "receiver/journal/statement.h"

#include <utility>

#include "receiver/journal/sqlite_error.h"

namespace backstay::journal {

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  check(sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr));
}

Statement::Statement(sqlite3* db, sqlite3_stmt* kept, bool* is_lent)
    : db_(db), statement_(kept), is_lent_(is_lent) {
  *is_lent_ = true;
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      is_lent_(std::exchange(other.is_lent_, nullptr)),
      bound_(other.bound_) {}

Statement::~Statement() {
  if (is_lent_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  *is_lent_ = false;
}

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

PreparedStatements::~PreparedStatements() { clear(); }

void PreparedStatements::clear() {
  for (const auto& [sql, kept] : kept_) sqlite3_finalize(kept.statement);
  kept_.clear();
}

Statement PreparedStatements::lend(std::string_view sql) {
  auto found = kept_.find(sql);
  if (found != kept_.end() && !found->second.is_lent) {
    return {db_, found->second.statement, &found->second.is_lent};
  }
  // Some pragmas do what they do when they are prepared.
  const bool is_pragma = sql.substr(0, 6) == "PRAGMA";
  if (found != kept_.end() || kept_.size() >= kKeptMax || is_pragma) return {db_, sql};
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    throw SqliteError(db_);
  }
  found = kept_.emplace(std::string(sql), Kept{statement, false}).first;
  return {db_, found->second.statement, &found->second.is_lent};
}

}  // namespace backstay::journal
