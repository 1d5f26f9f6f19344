#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

// PostgreSQL, always under a deadline. The only includer of libpq.
namespace backstay::pg {

// What a query gave back. Owns its data; a NULL is no value, never an empty string.
class Rows {
 public:
  struct Data;
  explicit Rows(std::shared_ptr<const Data> data);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::string_view column_name(std::size_t column) const;
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const;
  // The value as a number; none for NULL and for what is not a number. "t"/"f" are 1/0.
  [[nodiscard]] std::optional<double> number(std::size_t row, std::size_t column) const;

 private:
  std::shared_ptr<const Data> data_;
};

struct Limits {
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{1000};
  // When the caller gives up. A server that lives cancels at statement_timeout; one that is frozen
  // answers nothing at all, not even a request to cancel: the connection is then broken.
  SteadyTime deadline;
};

// One connection, one thread. After an Error that broken() confirms, throw it away.
class Connection {
 public:
  // url: a libpq URI or keyword string. application_name is "backstay", text is UTF-8.
  // connect_timeout is rounded up to whole seconds (libpq knows no less than 2), holds for each
  // address that the host's name has, and gives way to one in the url.
  static Result<Connection> open(const Secret& url, std::chrono::milliseconds connect_timeout);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // Runs one SELECT inside BEGIN READ ONLY; SET LOCAL statement_timeout, lock_timeout; … COMMIT.
  // More than one statement is refused by the server.
  // Never a session-level SET: a pooler in transaction mode would hand it to the application.
  // Errors carry the server's message and SQLSTATE, never the connection's address or password.
  Result<Rows> query(const std::string& sql, const Limits& limits);

  [[nodiscard]] bool broken() const;
  [[nodiscard]] int server_version() const;  // server_version_num, 150018

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The same address as libpq's environment variables (PGHOST, PGPASSWORD, …), for pg_dump and its
// kin: on their command line anyone on the machine could read the password.
Result<std::vector<std::pair<std::string, Secret>>> environment(const Secret& url);

}  // namespace backstay::pg
