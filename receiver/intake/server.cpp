#include "receiver/intake/server.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <list>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mutex.h"
#include "receiver/intake/connection_stream.h"
#include "receiver/intake/listener.h"

namespace backstay::intake {
namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;  // request line and headers
constexpr std::size_t kRequestsPerConnectionMax = 1000;
constexpr std::chrono::milliseconds kAcceptRound{100};  // how soon a stop is noticed
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";
constexpr std::string_view kNoTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 40\r\n"
    "Connection: close\r\n\r\nthis server speaks TLS: say https://...\n";

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// The library's handlers are not told which connection they serve, but each has a thread of its
// own. False until the request was read to its end: what is left of one would be taken for the
// next.
thread_local bool is_read_whole = false;

// Whether the head announces a body at all, and how long it says that it is.
struct Announced {
  bool has_length = false;
  bool is_chunked = false;
  std::optional<std::uint64_t> length;  // none where what stands there is no number

  explicit Announced(const httplib::Request& in)
      : has_length(in.has_header("Content-Length")),
        is_chunked(in.has_header("Transfer-Encoding")) {
    const std::string text = in.get_header_value("Content-Length");
    const char* end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec == std::errc() && parsed.ptr == end) length = value;
  }
  [[nodiscard]] bool anything() const { return is_chunked || (has_length && length != 0U); }
};

// cpp-httplib as a parser: its process_request() is all that is used.
class Parser final : public httplib::Server {
 public:
  Parser(const intake::Handler& handler, const ServerLimits& limits,
         std::atomic<std::uint64_t>& too_large)
      : handler_(handler), limits_(limits), too_large_(too_large) {
    set_keep_alive_max_count(kRequestsPerConnectionMax);
    const auto without_body = [this](const httplib::Request& in, httplib::Response& out) {
      is_read_whole = !Announced(in).anything();
      if (!is_read_whole) out.set_header("Connection", "close");
      answer(in, "", out);
    };
    const auto with_body = [this](const httplib::Request& in, httplib::Response& out,
                                  const httplib::ContentReader& reader) {
      std::string body;
      if (read_body(in, out, reader, body)) answer(in, std::move(body), out);
    };
    Get("/.*", without_body);
    Options("/.*", without_body);
    Post("/.*", with_body);
    Put("/.*", with_body);
    Patch("/.*", with_body);
    Delete("/.*", httplib::Server::HandlerWithContentReader(with_body));
    // The library's own handler tells the sender what went wrong inside.
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& out, const std::exception_ptr&) {
          log::error("a request ended in an exception");
          out.status = 500;
        });
  }

  // False when the connection is to be closed.
  bool serve_one(ConnectionStream& stream) {
    stream.begin_request(limits_.request_deadline, kHeadBytesMax);
    if (!stream.shake_hands()) return false;
    bool is_closed = false;
    is_read_whole = false;
    const bool served = process_request(stream, false, is_closed, [&](httplib::Request&) {
      // The head is read. Chunks cost a few bytes each, so twice the body is room enough.
      stream.allow_bytes(2 * limits_.body_bytes_max);
    });
    stream.send_answer();
    return served && !is_closed && is_read_whole;
  }

 private:
  bool refuse_body(httplib::Response& out, int status) {
    if (status == 413) ++too_large_;
    out.status = status;
    out.set_header("Connection", "close");
    return false;
  }

  bool read_body(const httplib::Request& in, httplib::Response& out,
                 const httplib::ContentReader& reader, std::string& body) {
    const Announced announced(in);
    is_read_whole = !announced.anything();
    if (is_read_whole) return true;
    if (in.is_multipart_form_data()) return refuse_body(out, 415);
    // Which of the two counts is what request smuggling lives on.
    if (announced.has_length && (announced.is_chunked || !announced.length)) {
      return refuse_body(out, 400);
    }
    // Otherwise the library reads all of it before it says no.
    if (announced.length.value_or(0) > limits_.body_bytes_max) return refuse_body(out, 413);
    body.reserve(announced.length.value_or(0));
    bool is_too_large = false;
    const bool is_whole = reader([&](const char* data, std::size_t size) {
      is_too_large = body.size() + size > limits_.body_bytes_max;
      if (!is_too_large) body.append(data, size);
      return !is_too_large;
    });
    if (is_too_large) return refuse_body(out, 413);
    if (!is_whole) return refuse_body(out, 400);
    is_read_whole = true;
    return true;
  }

  void answer(const httplib::Request& in, std::string body, httplib::Response& out) {
    Request request;
    request.method = in.method;
    request.path = in.path;
    request.body = std::move(body);
    request.remote_address = in.remote_addr;
    for (const auto& [name, value] : in.headers) {
      const auto [at, is_new] = request.headers.emplace(lower_case(name), value);
      // One of them alone would be the sender's choice: HAProxy adds its X-Forwarded-For as a
      // second header.
      if (!is_new) at->second += ", " + value;
    }
    const Response response = handler_(request);
    out.status = response.status;
    for (const auto& [name, value] : response.headers) out.set_header(name.c_str(), value);
    out.set_content(response.body, response.content_type.c_str());
  }

  const intake::Handler& handler_;
  const ServerLimits& limits_;
  std::atomic<std::uint64_t>& too_large_;
};

// A connection with its thread.
struct Connection {
  Connection(const Listener& listener, Listener::Accepted accepted)
      : via(listener), stream(accepted.descriptor, std::move(accepted.remote_address)) {}
  const Listener& via;
  ConnectionStream stream;
  std::atomic<bool> is_idle{true};
  std::atomic<bool> is_done{false};
  std::thread thread;
};

}  // namespace

struct Server::Impl {
  Impl(Handler handler_in, ServerLimits limits_in, std::shared_ptr<TlsFiles> tls_in)
      : handler(std::move(handler_in)),
        limits(limits_in),
        tls(std::move(tls_in)),
        parser(handler, limits, bodies_too_large) {}

  void serve(Connection& connection) {
    try {
      serve_requests(connection);
    } catch (const std::exception& error) {
      log::error("a connection ended in an exception", {{"error", error.what()}});
    }
    connection.is_done = true;
  }

  void serve_requests(Connection& connection) {
    ConnectionStream& stream = connection.stream;
    for (std::size_t i = 0; i < kRequestsPerConnectionMax && !is_stopping; ++i) {
      connection.is_idle = true;
      if (!stream.wait_for_request(limits.request_deadline)) break;
      connection.is_idle = false;
      if (i == 0) secure(connection);
      if (!parser.serve_one(stream)) break;
    }
    if (stream.has_timed_out()) {
      ++requests_timed_out;
      return;
    }
    if (const TlsSession* failed = stream.failed_tls()) note_failed(*failed, stream);
    stream.linger(kLinger);
  }

  void secure(Connection& connection) const {
    if (!tls || connection.via.is_unix()) return;
    auto context = tls->current();
    ConnectionStream& stream = connection.stream;
    if (context) stream.secure(std::make_unique<TlsSession>(std::move(context), stream.socket()));
  }

  void note_failed(const TlsSession& failed, const ConnectionStream& stream) {
    ++handshakes_failed[static_cast<std::size_t>(failed.failure())];
    std::string from;
    int port = 0;
    stream.get_remote_ip_and_port(from, port);
    log::warn(
        "a TLS handshake failed",
        {{"reason", to_string(failed.failure())}, {"detail", failed.detail()}, {"from", from}});
    if (failed.failure() == TlsFailure::plain_http) {
      ::send(stream.socket(), kNoTls.data(), kNoTls.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }

  // Each address has places of its own: slow senders must not lock the operator out.
  [[nodiscard]] bool is_full(const Listener& listener) const {
    const auto taken =
        std::count_if(connections.begin(), connections.end(),
                      [&](const Connection& connection) { return &connection.via == &listener; });
    return static_cast<std::size_t>(taken) >= limits.connections_max;
  }

  void refuse(int descriptor) {
    ++connections_refused;
    ::send(descriptor, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // False where nobody could be taken in.
  bool take_in(const Listener& listener) {
    Listener::Accepted accepted = listener.accept();
    if (accepted.descriptor < 0) return false;
    if (is_full(listener)) {
      refuse(accepted.descriptor);
      ::close(accepted.descriptor);
      return true;
    }
    Connection& connection = connections.emplace_back(listener, std::move(accepted));
    try {
      connection.thread = std::thread([this, &connection]() { serve(connection); });
    } catch (const std::system_error& error) {
      log::error("a connection gets no thread", {{"error", error.what()}});
      refuse(connection.stream.socket());
      connections.pop_back();
    }
    return true;
  }

  void reap(bool all) {
    for (auto at = connections.begin(); at != connections.end();) {
      if (!all && !at->is_done) {
        ++at;
        continue;
      }
      at->thread.join();
      at = connections.erase(at);
    }
  }

  void accept_loop(const Listener& listener) {
    while (!is_stopping) {
      pollfd polled{listener.descriptor(), POLLIN, 0};
      const int ready = ::poll(&polled, 1, static_cast<int>(kAcceptRound.count()));
      // Without a descriptor left a connection stays in the queue, and poll returns at once.
      if (!go_round(listener) && ready > 0) std::this_thread::sleep_for(kAcceptRound);
    }
  }

  bool go_round(const Listener& listener) {
    const MutexLock lock(accept_mutex);  // several listeners share the connections
    reap(false);
    return is_stopping || take_in(listener);
  }

  Result<std::string> start(Result<Listener> listener) {
    if (!listener) return fail(listener.error());
    const Listener& kept = listeners.emplace_back(std::move(*listener));
    try {
      accept_threads.emplace_back([this, &kept]() { accept_loop(kept); });
    } catch (const std::system_error& error) {
      return fail(kept.address() + ": " + error.what());
    }
    return kept.address();
  }

  const Handler handler;
  const ServerLimits limits;
  const std::shared_ptr<TlsFiles> tls;
  std::array<std::atomic<std::uint64_t>, kTlsFailures> handshakes_failed{};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> requests_timed_out{0};
  std::atomic<std::uint64_t> bodies_too_large{0};
  Parser parser;
  std::atomic<bool> is_stopping{false};
  Mutex accept_mutex;
  std::list<Connection> connections;  // under accept_mutex until the accept threads are joined
  std::list<Listener> listeners;
  std::list<std::thread> accept_threads;
};

Server::Server(Handler handler, ServerLimits limits, std::shared_ptr<TlsFiles> tls)
    : impl_(std::make_unique<Impl>(std::move(handler), limits, std::move(tls))) {}

Server::~Server() { stop(); }

Result<std::string> Server::listen(const std::string& address) {
  return impl_->start(Listener::tcp(address));
}

Result<void> Server::listen_unix(const std::string& path) {
  if (auto started = impl_->start(Listener::unix_socket(path)); !started) {
    return fail(started.error());
  }
  return {};
}

void Server::stop() {
  if (impl_->is_stopping.exchange(true)) return;
  for (std::thread& thread : impl_->accept_threads) thread.join();
  for (Connection& connection : impl_->connections) {
    if (connection.is_idle) ::shutdown(connection.stream.socket(), SHUT_RD);
  }
  impl_->reap(true);
  impl_->listeners.clear();
}

ServerCounters Server::counters() const {
  ServerCounters counters{
      impl_->connections_refused, impl_->requests_timed_out, impl_->bodies_too_large, {}};
  std::copy(impl_->handshakes_failed.begin(), impl_->handshakes_failed.end(),
            counters.handshakes_failed.begin());
  return counters;
}

}  // namespace backstay::intake
