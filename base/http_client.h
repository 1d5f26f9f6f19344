#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace backstay {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // or secret_url, for addresses that are themselves a credential (Slack)
  Secret secret_url;
  std::vector<std::pair<std::string, std::string>> headers;
  Secret bearer_token;
  std::string body;
  std::string unix_socket;                   // connect there instead of to the URL's host
  std::chrono::milliseconds deadline{5000};  // for everything, name resolution included
  std::size_t response_bytes_max = 4 * 1024 * 1024;
};

struct HttpResponse {
  int status = 0;
  std::string body;
};

// Errors say what failed ("connection refused", "no answer within 5s"), never the URL or a header.
// Redirects are not followed. Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // An HTTP status of 400 or 500 is a response, not an Error.
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

// libcurl with a total deadline.
class CurlHttpClient final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override;
};

// Text made safe for a query string or a path segment (RFC 3986, unreserved characters kept).
std::string percent_encode(const std::string& text);

}  // namespace backstay
