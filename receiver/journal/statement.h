#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace backstay::journal {

// One prepared statement. Values are bound in order, then rows are stepped through:
//   Statement s = tx.prepare("SELECT id FROM events WHERE kind = ?");
//   for (s.bind("alert_firing"); s.next();) use(s.integer(0));
// Errors of SQLite are thrown as a private type that Database::write and ::read turn into an Error.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  // One that a PreparedStatements keeps: it is given back, and not ended.
  Statement(sqlite3* db, sqlite3_stmt* kept, bool* is_lent);
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
  bool* is_lent_ = nullptr;  // set where the statement is kept
  int bound_ = 0;
};

// The statements of one connection, kept prepared by their text: to prepare one costs as much as to
// run it. What is asked for while it is lent already, or beyond kKeptMax, is prepared anew. One
// thread at a time.
class PreparedStatements {
 public:
  static constexpr std::size_t kKeptMax = 64;  // a few KB each

  explicit PreparedStatements(sqlite3* db) : db_(db) {}
  ~PreparedStatements();
  PreparedStatements(const PreparedStatements&) = delete;
  PreparedStatements& operator=(const PreparedStatements&) = delete;

  Statement lend(std::string_view sql);
  // Ends them all: a connection cannot be closed before. None may be lent.
  void clear();
  [[nodiscard]] std::size_t kept() const { return kept_.size(); }

 private:
  struct Kept {
    sqlite3_stmt* statement = nullptr;
    bool is_lent = false;
  };
  sqlite3* db_;
  std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace backstay::journal
