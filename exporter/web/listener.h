#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/web/message.h"

struct mg_callbacks;
struct mg_connection;

namespace backstay::web {

// One context of CivetWeb, with threads and addresses of its own: what Server and DrainServer have
// in common. civetweb.h is included by this one and by DrainServer, which reads a body from
// CivetWeb's connection and wants to know when one begins and ends.
class Listener {
 public:
  Listener();
  virtual ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  struct Options {
    int threads = 8;
    // For a head to come in, and for a body to go on. CivetWeb has no limit for a whole body.
    int idle_ms = 10'000;
  };
  // Each address is HOST:PORT. Of the callbacks, begin_request and log_message are taken.
  Result<void> listen(const std::vector<std::string>& addresses, const Options& options,
                      const mg_callbacks* callbacks = nullptr);
  // As bound, with real ports.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 protected:
  // On any of the threads, of which each has a small stack (100 KiB, thread_local variables
  // included). An exception becomes a 500.
  virtual Response handle(const Request& request, mg_connection& connection) = 0;
  // After the requests in flight. To be called before what handle() needs is gone.
  void stop();

  static Listener& of(const mg_connection* connection);

 private:
  struct Context;
  static int answer(mg_connection* connection) noexcept;
  static int keep_message(const mg_connection* connection, const char* message) noexcept;

  std::unique_ptr<Context> context_;
  std::vector<std::string> addresses_;
};

}  // namespace backstay::web
