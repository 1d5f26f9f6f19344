#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "receiver/intake/admission.h"
#include "receiver/intake/tls_files.h"
#include "receiver/intake/tls_session.h"
#include "receiver/intake/unserved.h"

namespace backstay::intake {

struct ServerLimits {
  std::size_t body_bytes_max = 1024 * 1024;
  std::size_t connections_max = 64;                  // of each address
  std::chrono::milliseconds request_deadline{5000};  // from the first byte to the last, and idle
  std::size_t peer_connections_max = 16;             // of those, but for the peers that are shared
  std::vector<IpNetwork> shared_peers = {};          // admission.h
};

struct Request {
  std::string method;
  std::string path;
  // Names in lower case; several of one name are one, with commas between, in their order.
  std::map<std::string, std::string> headers;
  std::string body;
  std::string remote_address;
  std::string user = {};  // who proved it with a password, where that is asked for
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

// The request is the handler's own to change.
using Handler = std::function<Response(Request&)>;

// What the server refused by itself, for the metrics.
struct ServerCounters {
  std::array<std::uint64_t, kTurned> connections_refused{};     // by Turned
  std::uint64_t requests_timed_out = 0;                         // over request_deadline: closed
  std::uint64_t bodies_too_large = 0;                           // 413
  std::array<std::uint64_t, kUnserved> requests_refused{};      // by Unserved
  std::array<std::uint64_t, kTlsFailures> handshakes_failed{};  // by TlsFailure: closed
};

// HTTP for the receiver: cpp-httplib parses, the accept loop and the limits are ours; who gets a
// connection is in admission.h. One deadline holds for a whole request, so that slow senders cannot
// hold it; chunked and compressed bodies are limited by what they grow to. Every request that has a
// path and a body within limits reaches the one handler, on its own thread; an exception that
// leaves it becomes a 500 that says nothing. With TLS, its handshake is on that thread too, and in
// the time of the first request.
class Server {
 public:
  // Without `tls`, or while it has no certificates, everything is plain; a unix socket always is.
  Server(Handler handler, ServerLimits limits, std::shared_ptr<TlsFiles> tls = nullptr);
  ~Server();  // stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "127.0.0.1:9879", "[::1]:9879"; port 0 takes a free one. Returns the address as bound. May be
  // called for several addresses. The error names the address ("127.0.0.1:9879: address in use").
  Result<std::string> listen(const std::string& address);
  // A unix socket with mode 0600; a stale one of a dead process is replaced.
  Result<void> listen_unix(const std::string& path);
  // Stops accepting, lets requests in flight end within their deadline, joins all threads.
  void stop();

  [[nodiscard]] ServerCounters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backstay::intake
