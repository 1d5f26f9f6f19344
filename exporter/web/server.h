#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/web/message.h"

namespace backstay::web {

// Plain HTTP through CivetWeb, for requests without a body. The handler runs on several threads at
// once; an exception that leaves it becomes a 500. Stops when destroyed, after the requests in
// flight.
class Server {
 public:
  static constexpr int kThreads = 8;

  // "127.0.0.1:9878"; port 0 takes a free one. No IPv6 and no TLS: Debian's CivetWeb has neither,
  // and the error says what stands in for them. `threads` is how many requests are answered at
  // once.
  static Result<std::unique_ptr<Server>> start(const std::vector<std::string>& addresses,
                                               Handler handler, int threads = kThreads);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // As bound, with real ports.
  [[nodiscard]] const std::vector<std::string>& addresses() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace backstay::web
