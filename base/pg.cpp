#include "base/pg.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdint>
#include <memory>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>

namespace backstay::pg {

struct Rows::Data {
  std::unique_ptr<PGresult, decltype(&PQclear)> result{nullptr, &PQclear};
};

Rows::Rows(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(data_->result.get())); }
std::size_t Rows::columns() const {
  return static_cast<std::size_t>(PQnfields(data_->result.get()));
}

std::string_view Rows::column_name(std::size_t column) const {
  return PQfname(data_->result.get(), static_cast<int>(column));
}

std::optional<std::size_t> Rows::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns(); ++i) {
    if (column_name(i) == name) return i;
  }
  return std::nullopt;
}

std::optional<std::string_view> Rows::at(std::size_t row, std::size_t column) const {
  const PGresult* result = data_->result.get();
  const int row_number = static_cast<int>(row);
  const int field = static_cast<int>(column);
  if (PQgetisnull(result, row_number, field) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result, row_number, field),
                          static_cast<std::size_t>(PQgetlength(result, row_number, field)));
}

std::optional<double> Rows::number(std::size_t row, std::size_t column) const {
  const auto text = at(row, column);
  if (!text) return std::nullopt;
  if (*text == "t") return 1;
  if (*text == "f") return 0;
  double value = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// libpq takes a password with a bare @ or / for part of the host or the port, and would quote it.
Result<void> check_for_bare_characters(const PQconninfoOption* option) {
  for (; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword;
    const std::string_view value = option->val;
    if (name == "host" && value.find('@') != std::string_view::npos) {
      return fail("the host in the database's address holds an @: in a password write it as %40");
    }
    if (name == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos) {
      return fail("the port in the database's address is no number: in a password write / as %2F");
    }
  }
  return {};
}

Result<Options> parse(const Secret& url) {
  char* message = nullptr;
  Options options(PQconninfoParse(url.reveal().c_str(), &message), &PQconninfoFree);
  PQfreemem(message);  // it quotes the address, so it is not passed on
  if (!options) return fail("the database's address is not a PostgreSQL URI or keyword string");
  if (auto checked = check_for_bare_characters(options.get()); !checked) {
    return fail(checked.error());
  }
  return options;
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

// libpq reads 0 and less as "for ever".
bool is_for_ever(std::string_view connect_timeout) {
  int seconds = 0;
  std::from_chars(connect_timeout.data(), connect_timeout.data() + connect_timeout.size(), seconds);
  return seconds <= 0;
}

// The address again, as keywords, with what we add.
std::string keywords(const PQconninfoOption* option, std::chrono::milliseconds connect_timeout) {
  std::string text;
  bool has_timeout = false;
  for (; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword;
    if (name == "application_name" || name == "fallback_application_name") continue;
    if (name == "connect_timeout") {
      if (is_for_ever(option->val)) continue;
      has_timeout = true;
    }
    text += std::string(name) + "=" + quoted(option->val) + " ";
  }
  if (!has_timeout) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(connect_timeout).count();
    text += "connect_timeout=" + std::to_string(std::max<std::int64_t>(2, seconds)) + " ";
  }
  return text + "application_name=backstay client_encoding=UTF8";
}

// libpq's messages have several lines, ours one.
std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

std::string why_no_connection(const std::string& libpq_message, const PQconninfoOption* option) {
  std::string text = one_line(libpq_message);
  for (; option->keyword != nullptr; ++option) {
    const bool is_secret =
        std::string_view(option->keyword).find("password") != std::string_view::npos;
    if (!is_secret || option->val == nullptr || *option->val == '\0') continue;
    constexpr std::string_view kMask = "…";
    const std::string_view secret = option->val;
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kMask.size())) {
      text.replace(at, secret.size(), kMask);
    }
  }
  return text;
}

// The server's words and the state that it gives them.
std::string error_text(const PGresult* result) {
  const std::string text = one_line(PQresultErrorMessage(result));
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? text : text + " (" + state + ")";
}

// To the server 0 means no limit.
std::string setting(std::chrono::milliseconds limit) {
  return std::to_string(std::max<std::int64_t>(1, limit.count()));
}

}  // namespace

// libpq alone, not libpqxx 6.4: the latter loses the result of each call whose connection breaks (2
// KB a deadline that passes), and has no wait with a deadline, which libpq leaves to us.
struct Connection::State {
  explicit State(const std::string& address) : connection(PQconnectdb(address.c_str()), &PQfinish) {
    PQsetnonblocking(connection.get(), 1);
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);  // it would print them
  }

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection;
  SteadyTime deadline;  // of the query that runs
  bool is_broken = false;

  Result<Rows> run(const std::string& sql, const Limits& limits);

 private:
  Result<Rows> command(const std::string& sql);
  Result<Rows> select(const std::string& sql);
  Result<Rows> receive();
  Result<void> wait_for_result();
  bool wait_for_socket();
  tl::unexpected<Error> broken(const std::string& why);
};

Result<Rows> Connection::State::run(const std::string& sql, const Limits& limits) {
  deadline = limits.deadline;
  auto begun =
      command("BEGIN READ ONLY; SET LOCAL statement_timeout=" + setting(limits.statement_timeout) +
              "; SET LOCAL lock_timeout=" + setting(limits.lock_timeout));
  if (!begun) return broken(begun.error().message);
  auto rows = select(sql);
  if (is_broken) return rows;
  auto ended = command(rows ? "COMMIT" : "ROLLBACK");
  if (!ended) return broken(ended.error().message);
  return rows;
}

Result<Rows> Connection::State::command(const std::string& sql) {
  if (PQsendQuery(connection.get(), sql.c_str()) == 0) {
    return broken(one_line(PQerrorMessage(connection.get())));
  }
  return receive();
}

// With parameters, though it has none: the server then takes one statement and no more, so that
// none can end the transaction and go on outside it.
Result<Rows> Connection::State::select(const std::string& sql) {
  if (PQsendQueryParams(connection.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) ==
      0) {
    return broken(one_line(PQerrorMessage(connection.get())));
  }
  return receive();
}

// The last result of what was sent, or its first error.
Result<Rows> Connection::State::receive() {
  auto last = std::make_shared<Rows::Data>();
  bool is_failed = false;
  for (;;) {
    if (auto waited = wait_for_result(); !waited) return broken(waited.error().message);
    Rows::Data next;
    next.result.reset(PQgetResult(connection.get()));
    if (!next.result) break;
    const ExecStatusType status = PQresultStatus(next.result.get());
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
      return broken("COPY is no query");
    }
    if (is_failed) continue;
    is_failed = status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
    *last = std::move(next);
  }
  if (!last->result) return broken(one_line(PQerrorMessage(connection.get())));
  if (PQstatus(connection.get()) != CONNECTION_OK) return broken(error_text(last->result.get()));
  if (is_failed) return fail(error_text(last->result.get()));
  return Rows(std::move(last));
}

// Until PQgetResult() will not block.
Result<void> Connection::State::wait_for_result() {
  while (PQisBusy(connection.get()) != 0) {
    if (!wait_for_socket()) return fail("no answer within the deadline");
    if (PQconsumeInput(connection.get()) == 0) {
      return fail(one_line(PQerrorMessage(connection.get())));
    }
  }
  return {};
}

// Sends what is left and waits for what comes; false where the deadline passes first.
bool Connection::State::wait_for_socket() {
  for (;;) {
    const bool has_unsent = PQflush(connection.get()) > 0;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd socket{PQsocket(connection.get()), POLLIN, 0};
    if (has_unsent) socket.events |= POLLOUT;
    const auto timeout = std::min<std::int64_t>(left.count(), INT_MAX);
    if (::poll(&socket, 1, static_cast<int>(timeout)) > 0) return true;
  }
}

tl::unexpected<Error> Connection::State::broken(const std::string& why) {
  is_broken = true;
  return fail(why);
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result<Connection> Connection::open(const Secret& url, std::chrono::milliseconds connect_timeout) {
  auto options = parse(url);
  if (!options) return fail(options.error());
  auto state = std::make_unique<State>(keywords(options->get(), connect_timeout));
  if (PQstatus(state->connection.get()) != CONNECTION_OK) {
    const std::string message = PQerrorMessage(state->connection.get());
    return fail("cannot connect: " + why_no_connection(message, options->get()));
  }
  return Connection(std::move(state));
}

Result<Rows> Connection::query(const std::string& sql, const Limits& limits) {
  if (state_->is_broken) return fail("the connection is broken");
  return state_->run(sql, limits);
}

bool Connection::broken() const { return state_->is_broken; }
int Connection::server_version() const { return PQserverVersion(state_->connection.get()); }

Result<std::vector<std::pair<std::string, Secret>>> environment(const Secret& url) {
  auto options = parse(url);
  if (!options) return fail(options.error());
  std::vector<std::pair<std::string, Secret>> variables;
  for (const PQconninfoOption* option = options->get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || option->envvar == nullptr) continue;
    variables.emplace_back(option->envvar, Secret(option->val));
  }
  return variables;
}

}  // namespace backstay::pg
