#include "receiver/intake/server.h"

#include <algorithm>
#include <atomic>
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
#include "receiver/intake/announced_body.h"
#include "receiver/intake/connection_stream.h"
#include "receiver/intake/framing.h"
#include "receiver/intake/listener.h"
#include "receiver/intake/refusal_log.h"

namespace backstay::intake {
namespace {

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
// And what became of it: answered by the handler, or refused by the server itself.
thread_local bool is_answered = false;
thread_local std::optional<Unserved> refused_for;
thread_local std::optional<UnclearFraming> unclear;

// cpp-httplib as a parser: its process_request() is all that is used.
class Parser final : public httplib::Server {
 public:
  Parser(const intake::Handler& handler, const ServerLimits& limits,
         std::atomic<std::uint64_t>& too_large, const std::atomic<bool>& is_stopping)
      : handler_(handler), limits_(limits), too_large_(too_large), is_stopping_(is_stopping) {
    set_keep_alive_max_count(kRequestsPerConnectionMax);
    const auto without_body = [this](const httplib::Request& in, httplib::Response& out) {
      is_read_whole = !AnnouncedBody(in).anything();
      if (!is_read_whole) out.set_header("Connection", "close");
      answer(in, "", out);
    };
    const auto with_body = [this](const httplib::Request& in, httplib::Response& out,
                                  const httplib::ContentReader& reader) {
      std::string body;
      if (read_body(in, out, reader, body)) answer(in, std::move(body), out);
    };
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& out) {
      if (!unclear) return HandlerResponse::Unhandled;
      refuse_body(out, 400, unclear->reason);
      out.set_content(std::string(unclear->says) + "\n", "text/plain");
      return HandlerResponse::Handled;
    });
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

  std::array<std::atomic<std::uint64_t>, kUnserved> refused{};  // by Unserved

  // False when the connection is to be closed. The answer to the last says so, or a client might
  // send its next request into a closed connection, and not know whether that was taken.
  bool serve_one(ConnectionStream& stream, bool is_last) {
    stream.begin_request(limits_.request_deadline, kHeadBytesMax);
    if (!stream.shake_hands()) return false;
    bool is_closed = false;
    bool has_head = false;
    is_read_whole = is_answered = false;
    refused_for.reset();
    const bool served = process_request(stream, is_last, is_closed, [&](httplib::Request&) {
      has_head = true;
      unclear = unclear_framing(stream.end_head());
      refused_for = Unserved::method;  // unless one of the handlers takes it
      // Chunks cost a few bytes each, so twice the body is room enough.
      stream.allow_bytes(2 * limits_.body_bytes_max);
    });
    const bool is_sent = stream.send_answer();
    if (!has_head) refused_for = why_without_head(stream);
    note_refused(stream);
    return served && is_sent && !is_closed && is_read_whole;
  }

 private:
  void note_refused(const ConnectionStream& stream) {
    if (is_answered || !refused_for || stream.has_broken_off()) return;
    ++refused[static_cast<std::size_t>(*refused_for)];
  }

  bool refuse_body(httplib::Response& out, int status, std::optional<Unserved> reason = {}) {
    if (status == 413) ++too_large_;
    refused_for = reason;
    out.status = status;
    out.set_header("Connection", "close");
    return false;
  }

  bool read_body(const httplib::Request& in, httplib::Response& out,
                 const httplib::ContentReader& reader, std::string& body) {
    const AnnouncedBody announced(in);
    is_read_whole = !announced.anything();
    if (is_read_whole) return true;
    if (in.is_multipart_form_data()) return refuse_body(out, 415, Unserved::form);
    // Otherwise the library reads all of it before it says no.
    if (announced.length > limits_.body_bytes_max) return refuse_body(out, 413);
    body.reserve(announced.length);
    bool is_too_large = false;
    const bool is_whole = reader([&](const char* data, std::size_t size) {
      is_too_large = body.size() + size > limits_.body_bytes_max;
      if (!is_too_large) body.append(data, size);
      return !is_too_large;
    });
    if (is_too_large) return refuse_body(out, 413);
    if (!is_whole) return refuse_body(out, 400, Unserved::body_broken);
    // Where chunks end the library is less strict than a proxy may be: no request after them.
    is_read_whole = !announced.is_chunked;
    if (announced.is_chunked) out.set_header("Connection", "close");
    return true;
  }

  void answer(const httplib::Request& in, std::string body, httplib::Response& out) {
    is_answered = true;
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
    if (is_stopping_) out.set_header("Connection", "close");
    out.set_content(response.body, response.content_type.c_str());
  }

  const intake::Handler& handler_;
  const ServerLimits& limits_;
  std::atomic<std::uint64_t>& too_large_;
  const std::atomic<bool>& is_stopping_;
};

// A connection with its thread.
struct Connection {
  Connection(const Listener& listener, Admission::Place& taken, Listener::Accepted accepted)
      : via(listener),
        place(taken),
        stream(accepted.descriptor, std::move(accepted.remote_address)) {}
  const Listener& via;
  Admission::Place& place;
  ConnectionStream stream;
  std::atomic<bool> is_idle{true};
  std::atomic<bool> is_done{false};
  std::thread thread;
};

}  // namespace

struct Server::Impl {
  Impl(Handler handler_in, ServerLimits limits_in, std::shared_ptr<TlsFiles> tls_in)
      : handler(std::move(handler_in)),
        limits(std::move(limits_in)),
        tls(std::move(tls_in)),
        admission({limits.connections_max, limits.peer_connections_max, limits.shared_peers}),
        parser(handler, limits, bodies_too_large, is_stopping) {}

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
    for (std::size_t i = 0; i < kRequestsPerConnectionMax; ++i) {
      connection.is_idle = true;  // before we look: stop() does it the other way round
      if (is_stopping || !stream.wait_for_request(limits.request_deadline)) break;
      connection.is_idle = false;
      connection.place.heard();
      if (i == 0) secure(connection);
      if (!parser.serve_one(stream, i + 1 == kRequestsPerConnectionMax)) break;
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
    const std::string reason(to_string(failed.failure()));
    std::string from;
    int port = 0;
    stream.get_remote_ip_and_port(from, port);
    if (const auto left_out = refusals.due(reason, from, clock.steady())) {
      log::warn("a TLS handshake failed", {{"reason", reason},
                                           {"detail", failed.detail()},
                                           {"from", from},
                                           {"left_out", *left_out}});
    }
    if (failed.failure() == TlsFailure::plain_http) {
      ::send(stream.socket(), kNoTls.data(), kNoTls.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }

  static void refuse(int descriptor) {
    ::send(descriptor, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // False where nobody could be taken in.
  bool take_in(const Listener& listener) {
    Listener::Accepted accepted = listener.accept();
    if (accepted.descriptor < 0) return false;
    // Each address has places of its own: slow senders must not lock the operator out.
    Admission::Place* place =
        admission.enter(listener.descriptor(), accepted.descriptor, accepted.remote_address);
    if (place == nullptr) {
      refuse(accepted.descriptor);
      ::close(accepted.descriptor);
      return true;
    }
    Connection& connection = connections.emplace_back(listener, *place, std::move(accepted));
    try {
      connection.thread = std::thread([this, &connection]() { serve(connection); });
    } catch (const std::system_error& error) {
      if (const auto left_out = refusals.due("no_thread", "", clock.steady())) {
        log::error("a connection gets no thread",
                   {{"error", error.what()}, {"left_out", *left_out}});
      }
      refuse(connection.stream.socket());
      admission.count(Turned::no_thread);
      admission.leave(place);
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
      admission.leave(&at->place);
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
  SystemClock clock;  // for the log alone
  RefusalLog refusals;
  std::array<std::atomic<std::uint64_t>, kTlsFailures> handshakes_failed{};
  std::atomic<std::uint64_t> requests_timed_out{0};
  std::atomic<std::uint64_t> bodies_too_large{0};
  Admission admission;  // under accept_mutex, as the connections are
  Parser parser;
  std::atomic<bool> is_stopping{false};
  Mutex accept_mutex;
  std::list<Connection> connections;  // under accept_mutex until the accept threads are joined
  std::list<Listener> listeners;
  std::list<std::thread> accept_threads;
};

Server::Server(Handler handler, ServerLimits limits, std::shared_ptr<TlsFiles> tls)
    : impl_(std::make_unique<Impl>(std::move(handler), std::move(limits), std::move(tls))) {}

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
      impl_->admission.counted(), impl_->requests_timed_out, impl_->bodies_too_large, {}, {}};
  std::copy(impl_->parser.refused.begin(), impl_->parser.refused.end(),
            counters.requests_refused.begin());
  std::copy(impl_->handshakes_failed.begin(), impl_->handshakes_failed.end(),
            counters.handshakes_failed.begin());
  return counters;
}

}  // namespace backstay::intake
