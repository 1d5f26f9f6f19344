#include "base/pg.h"

#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <libpq-fe.h>
#include <pqxx/pqxx>
#include <sys/socket.h>

namespace backstay::pg {

struct Rows::Data {
  pqxx::result result;
};

Rows::Rows(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

std::size_t Rows::size() const { return static_cast<std::size_t>(data_->result.size()); }
std::size_t Rows::columns() const { return static_cast<std::size_t>(data_->result.columns()); }

std::string_view Rows::column_name(std::size_t column) const {
  return data_->result.column_name(static_cast<pqxx::row::size_type>(column));
}

std::optional<std::size_t> Rows::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns(); ++i) {
    if (column_name(i) == name) return i;
  }
  return std::nullopt;
}

std::optional<std::string_view> Rows::at(std::size_t row, std::size_t column) const {
  const auto field = data_->result[static_cast<pqxx::result::size_type>(row)]
                                  [static_cast<pqxx::row::size_type>(column)];
  if (field.is_null()) return std::nullopt;
  return std::string_view(field.c_str(), field.size());
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

// A frozen server answers nothing, not even a cancel request: all that helps is to shut the socket
// down under the call that waits. One watcher a connection, armed for a call at a time.
class Watcher {
 public:
  Watcher() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  void arm(int socket, SteadyTime deadline) {
    const std::lock_guard lock(mutex_);
    socket_ = socket;
    deadline_ = deadline;
    has_fired_ = false;
    changed_.notify_all();
  }
  // True where the deadline had passed.
  bool disarm() {
    const std::lock_guard lock(mutex_);
    socket_ = -1;
    changed_.notify_all();
    return has_fired_;
  }

 private:
  void watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (socket_ < 0) {
        changed_.wait(lock, stop, [this]() { return socket_ >= 0; });
        continue;
      }
      const SteadyTime deadline = deadline_;
      changed_.wait_until(lock, stop, deadline,
                          [&]() { return socket_ < 0 || deadline_ != deadline; });
      if (socket_ >= 0 && std::chrono::steady_clock::now() >= deadline_) {
        has_fired_ = true;
        ::shutdown(socket_, SHUT_RDWR);
        socket_ = -1;
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  int socket_ = -1;
  SteadyTime deadline_;
  bool has_fired_ = false;
  std::jthread thread_;
};

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

Result<Options> parse(const Secret& url) {
  char* message = nullptr;
  Options options(PQconninfoParse(url.reveal().c_str(), &message), &PQconninfoFree);
  PQfreemem(message);  // it quotes the address, so it is not passed on
  if (!options) return fail("the database's address is not a PostgreSQL URI or keyword string");
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

// The address again, as keywords, with what we add.
std::string keywords(const PQconninfoOption* option, std::chrono::milliseconds connect_timeout) {
  std::string text;
  bool has_timeout = false;
  for (; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword;
    if (name == "application_name" || name == "fallback_application_name") continue;
    if (name == "connect_timeout") has_timeout = true;
    text += std::string(name) + "=" + quoted(option->val) + " ";
  }
  if (!has_timeout) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(connect_timeout).count();
    text += "connect_timeout=" + std::to_string(std::max<std::int64_t>(2, seconds)) + " ";
  }
  return text + "application_name=backstay";
}

// The server's own words, without the addresses that libpq puts before them.
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
    for (std::size_t at = text.find(option->val); at != std::string::npos;
         at = text.find(option->val)) {
      text.replace(at, std::string_view(option->val).size(), "…");
    }
  }
  return text;
}

}  // namespace

struct Connection::State {
  explicit State(const std::string& address) : connection(address) {}
  pqxx::connection connection;
  Watcher watcher;
  bool is_broken = false;

  Result<Rows> run(const std::string& sql, const Limits& limits) {
    pqxx::nontransaction plain(connection);
    plain.exec("BEGIN READ ONLY; SET LOCAL statement_timeout=" +
               std::to_string(limits.statement_timeout.count()) +
               "; SET LOCAL lock_timeout=" + std::to_string(limits.lock_timeout.count()));
    try {
      auto data = std::make_shared<Rows::Data>();
      data->result = plain.exec(sql);
      plain.exec("COMMIT");
      return Rows(std::move(data));
    } catch (const pqxx::sql_error& error) {
      // pqxx gives some failures of the connection the same type, without a state.
      if (error.sqlstate().empty()) is_broken = true;
      if (!is_broken) plain.exec("ROLLBACK");
      return fail(one_line(error.what()) + " (" + error.sqlstate() + ")");
    }
  }
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result<Connection> Connection::open(const Secret& url, std::chrono::milliseconds connect_timeout) {
  auto options = parse(url);
  if (!options) return fail(options.error());
  try {
    return Connection(std::make_unique<State>(keywords(options->get(), connect_timeout)));
  } catch (const std::exception& error) {
    return fail("cannot connect: " + why_no_connection(error.what(), options->get()));
  }
}

Result<Rows> Connection::query(const std::string& sql, const Limits& limits) {
  if (state_->is_broken) return fail("the connection is broken");
  state_->watcher.arm(state_->connection.sock(), limits.deadline);
  Result<Rows> rows = fail("");
  try {
    rows = state_->run(sql, limits);
  } catch (const std::exception& error) {
    state_->is_broken = true;
    rows = fail(one_line(error.what()));
  }
  if (state_->watcher.disarm()) {
    state_->is_broken = true;
    return fail("no answer within the deadline");
  }
  return rows;
}

bool Connection::broken() const { return state_->is_broken; }
int Connection::server_version() const { return state_->connection.server_version(); }

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
