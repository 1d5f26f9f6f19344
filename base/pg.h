#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

// PostgreSQL, always under a deadline. Only base/pg* includes libpq.
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
  // answers nothing at all, not even a request to cancel: two seconds later, or at the deadline,
  // the connection is then broken.
  SteadyTime deadline;
};

// One connection, one thread. After an Error that broken() confirms, throw it away.
class Connection {
 public:
  // url: a libpq URI or keyword string. application_name is "backstay", text is UTF-8. It takes no
  // longer than `within`, or connect_timeout in the url where that is less; with several hosts each
  // has its share. Only the look-up of a host's name is libpq's, and can take longer.
  static Result<Connection> open(const Secret& url, std::chrono::milliseconds within);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // From now on a query ends, and the connection with it, as soon as stop is requested.
  void end_with(std::stop_token stop);

  // Runs one SELECT inside BEGIN READ ONLY; SET LOCAL statement_timeout, lock_timeout; … COMMIT, in
  // one round trip. The server ends a query that has lost its client within a second (from
  // PostgreSQL 14 on; before, at statement_timeout).
  // More than one statement is refused by the server.
  // Never a session-level SET: a pooler in transaction mode would hand it to the application.
  // Errors carry the server's message and SQLSTATE, never the connection's address or password.
  Result<Rows> query(const std::string& sql, const Limits& limits);

  // Several of them in one transaction and, unless one fails, one round trip. Each is told of as
  // its answer comes, in their order; one that fails costs only itself, unless the server ends the
  // session for it. Where the connection breaks, all that have no answer yet are told so, and
  // broken() says so. Told does not throw.
  using Told = std::function<void(std::size_t which, Result<Rows> rows)>;
  void query_each(const std::vector<std::string>& sql, const Limits& limits, const Told& told);

  [[nodiscard]] bool broken() const;
  [[nodiscard]] int server_version() const;  // server_version_num, 150018
  // Queries that had an answer so far, if only an error, on a connection that lives.
  [[nodiscard]] std::uint64_t answers_received() const;
  // Rows of all queries so far.
  [[nodiscard]] std::uint64_t rows_received() const;

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace backstay::pg
