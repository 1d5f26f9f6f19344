#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace backstay::web {

// A request without its body.
struct Request {
  std::string method;
  std::string path;
  std::string query;                           // as it was sent, without the '?'
  std::map<std::string, std::string> headers;  // names in lower case
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers = {};  // beside type and length
};

using Handler = std::function<Response(const Request&)>;

}  // namespace backstay::web
