#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace backstay::web {

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

using Handler = std::function<Response(const Request&)>;

// Plain HTTP through CivetWeb; the only includer of civetweb.h. The handler runs on several threads
// at once; an exception that leaves it becomes a 500. Stops when destroyed, after the requests in
// flight.
class Server {
 public:
  // "127.0.0.1:9878"; port 0 takes a free one. No IPv6 and no TLS: Debian's CivetWeb has neither,
  // and the error says what stands in for them.
  static Result<std::unique_ptr<Server>> start(const std::vector<std::string>& addresses,
                                               Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // As bound, with real ports.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  std::vector<std::string> addresses_;
};

}  // namespace backstay::web
