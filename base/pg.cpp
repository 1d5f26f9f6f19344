#include "base/pg.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include <libpq-fe.h>

#include "base/pg_address.h"
#include "base/pg_pipeline.h"

namespace backstay::pg {

struct Rows::Data {
  ServerResult result;
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

using std::chrono::milliseconds;

constexpr milliseconds kServerIsLate{2000};

// To the server 0 means no limit.
std::string setting(milliseconds limit) {
  return std::to_string(std::max<std::int64_t>(1, limit.count()));
}

}  // namespace

struct Connection::State {
  explicit State(const std::string& address) : pipeline(address) {}

  Pipeline pipeline;
  bool checks_client = true;  // until the server says that its system cannot
  std::uint64_t answers_received = 0;
  std::uint64_t rows_received = 0;

  // Answers the queries from `first` on, up to one that fails or to the end; returns which is next.
  std::size_t run(const std::vector<std::string>& queries, std::size_t first, Limits limits,
                  const Told& told);

 private:
  struct Statement {
    enum class Kind { frame, limits, query };
    Kind kind;
    std::string sql;
  };
  [[nodiscard]] std::vector<Statement> transaction_of(const std::vector<std::string>& queries,
                                                      std::size_t first,
                                                      const Limits& limits) const;
  // SET LOCAL for all of them in one statement.
  [[nodiscard]] std::string set_local(const Limits& limits) const;
  Result<void> send(const std::vector<Statement>& transaction);
  struct Failure {
    Statement::Kind kind;
    std::string why;
  };
  using Answered = std::function<void(Rows)>;
  std::optional<Failure> receive(const std::vector<Statement>& transaction, const Limits& limits,
                                 const Answered& answered);
  Rows rows_of(ServerResult received);
  void end_transaction();
};

// Between two queries what the first one did is undone, its locks as well: none sees another's in
// pg_locks.
std::vector<Connection::State::Statement> Connection::State::transaction_of(
    const std::vector<std::string>& queries, std::size_t first, const Limits& limits) const {
  using Kind = Statement::Kind;
  std::vector<Statement> transaction{{Kind::frame, "BEGIN READ ONLY"},
                                     {Kind::limits, set_local(limits)}};
  const bool is_alone = queries.size() - first == 1;
  if (!is_alone) transaction.push_back({Kind::frame, "SAVEPOINT query"});
  for (std::size_t i = first; i < queries.size(); ++i) {
    if (i > first) transaction.push_back({Kind::frame, "ROLLBACK TO SAVEPOINT query"});
    transaction.push_back({Kind::query, queries[i]});
  }
  transaction.push_back({Kind::frame, "COMMIT"});
  return transaction;
}

std::string Connection::State::set_local(const Limits& limits) const {
  std::string sql = "SELECT set_config('statement_timeout', '" + setting(limits.statement_timeout) +
                    "', true), set_config('lock_timeout', '" + setting(limits.lock_timeout) +
                    "', true)";
  if (checks_client && PQserverVersion(pipeline.get()) >= 140000) {
    sql += ", set_config('client_connection_check_interval', '1000', true)";
  }
  return sql;
}

Result<void> Connection::State::send(const std::vector<Statement>& transaction) {
  for (const Statement& statement : transaction) {
    if (auto sent = pipeline.send(statement.sql); !sent) return sent;
    if (statement.kind != Statement::Kind::query) continue;
    if (auto requested = pipeline.request_answer(); !requested) return requested;
  }
  return pipeline.sync();
}

Rows Connection::State::rows_of(ServerResult received) {
  Rows rows(std::make_shared<Rows::Data>(Rows::Data{std::move(received)}));
  ++answers_received;
  rows_received += rows.size();
  return rows;
}

// Its queries' answers, up to a statement that fails; what comes after that, the server leaves out.
std::optional<Connection::State::Failure> Connection::State::receive(
    const std::vector<Statement>& transaction, const Limits& limits, const Answered& answered) {
  std::optional<Failure> failure;
  for (const Statement& statement : transaction) {
    // A server that does not cancel in time is frozen or out of reach: it is not waited for.
    const SteadyTime late =
        std::chrono::steady_clock::now() + limits.statement_timeout + kServerIsLate;
    pipeline.set_deadline(std::min(limits.deadline, late));
    auto received = pipeline.receive();
    if (!received) return failure ? failure : Failure{statement.kind, received.error().message};
    if (failure) continue;
    if (is_error(received->get())) {
      failure = Failure{statement.kind, error_text(received->get())};
    } else if (statement.kind == Statement::Kind::query) {
      answered(rows_of(std::move(*received)));
    }
  }
  return failure;
}

std::size_t Connection::State::run(const std::vector<std::string>& queries, std::size_t first,
                                   Limits limits, const Told& told) {
  if (first > 0) {  // so much of the time is over
    const auto left = limits.deadline - std::chrono::steady_clock::now();
    limits.statement_timeout =
        std::min(limits.statement_timeout, std::chrono::duration_cast<milliseconds>(left * 9 / 10));
  }
  pipeline.set_deadline(limits.deadline);
  const std::vector<Statement> transaction = transaction_of(queries, first, limits);
  if (!send(transaction)) return first;
  std::size_t next = first;
  const auto failure =
      receive(transaction, limits, [&](Rows rows) { told(next++, std::move(rows)); });
  if (!pipeline.is_broken() && pipeline.receive_sync()) end_transaction();
  // Only now it is known whether the connection lives.
  const bool is_of_limits = failure && failure->kind == Statement::Kind::limits;
  if (is_of_limits && checks_client && !pipeline.is_broken()) {
    checks_client = false;
  } else if (failure && next < queries.size()) {
    if (!pipeline.is_broken()) ++answers_received;
    told(next++, fail(failure->why));
  }
  return next;
}

// Where a statement failed, the server has left out the COMMIT.
void Connection::State::end_transaction() {
  if (PQtransactionStatus(pipeline.get()) == PQTRANS_IDLE) return;
  // A failure here is a connection that is broken, which whoever asks next will see.
  const bool is_answered = pipeline.send("ROLLBACK") && pipeline.sync() && pipeline.receive();
  if (is_answered) static_cast<void>(pipeline.receive_sync());
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result<Connection> Connection::open(const Secret& url, std::chrono::milliseconds within) {
  auto address = Address::parse(url);
  if (!address) return fail(address.error());
  const auto wanted = std::min(within, address->connect_timeout().value_or(within));
  const SteadyTime deadline = std::chrono::steady_clock::now() + wanted;
  const std::vector<std::string> hosts = address->by_host();
  std::string why;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto hosts_left = static_cast<std::int64_t>(hosts.size() - i);
    const SteadyTime now = std::chrono::steady_clock::now();
    auto state = std::make_unique<State>(hosts[i]);
    Pipeline& pipeline = state->pipeline;
    if (pipeline.connect(now + (deadline - now) / hosts_left)) return Connection(std::move(state));
    const bool is_refused = PQstatus(pipeline.get()) == CONNECTION_BAD;
    why += why.empty() ? "" : "; ";
    why += is_refused ? address->masked(one_line(PQerrorMessage(pipeline.get())))
                      : "no answer within the deadline";
  }
  return fail("cannot connect: " + why);
}

void Connection::query_each(const std::vector<std::string>& sql, const Limits& limits,
                            const Told& told) {
  const std::string broken_before = broken() ? "the connection is broken" : "";
  std::size_t next = 0;
  while (next < sql.size() && !broken()) next = state_->run(sql, next, limits, told);
  const std::string& why = broken_before.empty() ? state_->pipeline.why_broken() : broken_before;
  for (; next < sql.size(); ++next) told(next, fail(why));
}

Result<Rows> Connection::query(const std::string& sql, const Limits& limits) {
  Result<Rows> answer = fail("no answer");
  query_each({sql}, limits,
             [&answer](std::size_t, Result<Rows> rows) { answer = std::move(rows); });
  return answer;
}

void Connection::end_with(std::stop_token stop) { state_->pipeline.end_with(std::move(stop)); }
bool Connection::broken() const { return state_->pipeline.is_broken(); }
std::uint64_t Connection::answers_received() const { return state_->answers_received; }
std::uint64_t Connection::rows_received() const { return state_->rows_received; }
int Connection::server_version() const { return PQserverVersion(state_->pipeline.get()); }

}  // namespace backstay::pg
