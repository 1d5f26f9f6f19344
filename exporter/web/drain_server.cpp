#include "exporter/web/drain_server.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <new>

#include <arpa/inet.h>
#include <civetweb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "exporter/web/deadlines.h"
#include "exporter/web/listener.h"

namespace backstay::web {
namespace {

// Beside those that receive: who is turned away needs a thread for the answer.
constexpr int kSpareThreads = 4;
// An answer that comes before the end of the body is lost when the connection is reset: so long
// what still comes is read and thrown away.
constexpr std::chrono::milliseconds kLingerMax{2'000};

// One connection, from its first byte on.
struct Connection {
  bool is_over_limit = false;
  int socket = -1;  // once the head is there
};

bool connects(int socket, const mg_request_info& request) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  std::array<char, INET_ADDRSTRLEN> host{};
  if (address.sin_family != AF_INET || ntohs(address.sin_port) != request.remote_port ||
      ::inet_ntop(AF_INET, &address.sin_addr, host.data(), host.size()) == nullptr ||
      std::string_view(host.data()) != request.remote_addr) {
    return false;
  }
  size = sizeof address;
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         ntohs(address.sin_port) == request.server_port;
}

// CivetWeb does not tell its sockets, and without one nobody can be cut. Each connection is the
// only one between its two ports.
int socket_of(const mg_request_info& request) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::atoi(entry.path().filename().c_str());
    if (connects(descriptor, request)) return descriptor;
  }
  return -1;
}

// Until the other side closes as well, and no longer than it should take.
void read_what_still_comes(int socket, SteadyTime until) {
  std::array<char, 8192> thrown_away;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd polled{socket, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) <= 0) return;
    if (::recv(socket, thrown_away.data(), thrown_away.size(), MSG_DONTWAIT) <= 0) return;
  }
}

class CivetWebBody final : public Body {
 public:
  CivetWebBody(mg_connection& connection, const Request& request, std::uint64_t bytes_max)
      : connection_(connection),
        announced_(mg_get_request_info(&connection)->content_length),
        bytes_max_(bytes_max),
        is_awaited_(request.headers.count("expect") > 0) {}

  std::size_t read(char* buffer, std::size_t size) override {
    if (announced_ > 0 && static_cast<std::uint64_t>(announced_) > bytes_max_) {
      end_ = End::too_large;
      return 0;
    }
    tell_to_go_on();
    const int got = mg_read(&connection_, buffer, size);
    if (got > 0) {
      bytes_ += static_cast<std::uint64_t>(got);
      if (bytes_ <= bytes_max_) return static_cast<std::size_t>(got);
      end_ = End::too_large;
      return 0;
    }
    // 0 is the end of the last chunk, or of what was announced, or ten seconds without a byte.
    const bool is_short = announced_ > 0 && bytes_ != static_cast<std::uint64_t>(announced_);
    end_ = got == 0 && !is_short ? End::whole : End::cut_off;
    return 0;
  }
  [[nodiscard]] End end() const override { return end_; }

 private:
  void tell_to_go_on() {
    if (!std::exchange(is_awaited_, false)) return;
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    mg_write(&connection_, kGoOn.data(), kGoOn.size());
  }

  mg_connection& connection_;
  const long long announced_;  // -1: chunks
  const std::uint64_t bytes_max_;
  bool is_awaited_;
  std::uint64_t bytes_ = 0;
  End end_ = End::cut_off;
};

// What CivetWeb would take for a body of its own choice: others may see another end of it.
bool has_unclear_end(const Request& request) {
  const auto coding = request.headers.find("transfer-encoding");
  if (coding == request.headers.end()) return false;
  return coding->second != "chunked" || request.headers.count("content-length") > 0;
}

}  // namespace

struct DrainServer::Impl final : Listener {
  Impl(DrainHandlers given, const DrainLimits& given_limits)
      : handlers(std::move(given)), limits(given_limits) {}
  ~Impl() override { stop(); }

  Response handle(const Request& request, mg_connection& civetweb) override;
  Response respond(const Request& request, mg_connection& civetweb,
                   const Connection& connection) const;
  static int begin(const mg_connection* civetweb, void** data) noexcept;
  static void end(const mg_connection* civetweb) noexcept;

  const DrainHandlers handlers;
  const DrainLimits limits;
  std::atomic<int> connections = 0;
  Deadlines deadlines;
};

int DrainServer::Impl::begin(const mg_connection* civetweb, void** data) noexcept {
  auto& server = static_cast<Impl&>(of(civetweb));
  auto* connection = new (std::nothrow) Connection;
  *data = connection;
  const int number = ++server.connections;
  if (connection != nullptr) connection->is_over_limit = number > server.limits.connections_max;
  return 0;
}

void DrainServer::Impl::end(const mg_connection* civetweb) noexcept {
  auto& server = static_cast<Impl&>(of(civetweb));
  const std::unique_ptr<Connection> connection(
      static_cast<Connection*>(mg_get_user_connection_data(civetweb)));
  if (connection && connection->socket >= 0) {
    ::shutdown(connection->socket, SHUT_WR);
    const SteadyTime until = std::chrono::steady_clock::now() + kLingerMax;
    read_what_still_comes(connection->socket, until);
    // Or CivetWeb itself would go on reading for as long as something comes.
    ::shutdown(connection->socket, SHUT_RDWR);
    server.deadlines.forget(connection->socket);
  }
  --server.connections;
}

Response DrainServer::Impl::handle(const Request& request, mg_connection& civetweb) {
  auto* connection = static_cast<Connection*>(mg_get_user_connection_data(&civetweb));
  if (connection == nullptr) return {503, "no memory\n"};
  connection->socket = socket_of(*mg_get_request_info(&civetweb));
  if (connection->socket < 0) return {500, "the connection cannot be watched\n"};
  deadlines.watch(connection->socket, std::chrono::steady_clock::now() + limits.request_time_max);
  Response response = respond(request, civetweb, *connection);
  // CivetWeb reads a body to its end, though nobody wants it any more.
  deadlines.watch(connection->socket, std::chrono::steady_clock::now() + kLingerMax);
  return response;
}

Response DrainServer::Impl::respond(const Request& request, mg_connection& civetweb,
                                    const Connection& connection) const {
  if (connection.is_over_limit) return handlers.turn_away(request);
  if (has_unclear_end(request)) return {400, "the end of the body is not clear\n"};
  CivetWebBody body(civetweb, request, limits.body_bytes_max);
  return handlers.receive(request, body);
}

DrainServer::DrainServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DrainServer::~DrainServer() = default;

const std::vector<std::string>& DrainServer::addresses() const { return impl_->addresses(); }

Result<std::unique_ptr<DrainServer>> DrainServer::start(const std::vector<std::string>& addresses,
                                                        DrainHandlers handlers,
                                                        const DrainLimits& limits) {
  auto impl = std::make_unique<Impl>(std::move(handlers), limits);
  Listener::Options options;
  options.threads = limits.connections_max + kSpareThreads;
  options.idle_ms = static_cast<int>(limits.idle_max.count());
  mg_callbacks callbacks{};
  callbacks.init_connection = Impl::begin;
  callbacks.connection_close = Impl::end;
  if (auto listens = impl->listen(addresses, options, &callbacks); !listens) {
    return fail(listens.error());
  }
  return std::unique_ptr<DrainServer>(new DrainServer(std::move(impl)));
}

}  // namespace backstay::web
