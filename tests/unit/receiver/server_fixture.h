#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"
#include "receiver/intake/server.h"
#include "tests/raw_client.h"

namespace backstay::test {

using intake::Request;
using intake::Response;
using intake::Server;
using intake::ServerLimits;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr const char* kGet = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";

// Answers with what came in, and keeps it.
struct ServerFixture : ::testing::Test {
  void start(ServerLimits limits) {
    server = std::make_unique<Server>([this](const Request& request) { return answer(request); },
                                      limits);
    const auto bound = server->listen("127.0.0.1:0");
    ASSERT_TRUE(bound) << bound.error().message;
    address = *bound;
  }
  static ServerLimits small(milliseconds deadline = seconds(30), std::size_t connections = 50) {
    ServerLimits limits;
    limits.body_bytes_max = 1000;
    limits.connections_max = connections;
    limits.request_deadline = deadline;
    return limits;
  }
  Response answer(const Request& request) {
    if (on_request) on_request(request);
    const MutexLock lock(mutex);
    paths.push_back(request.method + " " + request.path);
    last_request = request;
    Response response;
    response.status = 202;
    response.body = "got " + request.body;
    response.headers.emplace_back("X-Test", "yes");
    return response;
  }
  std::vector<std::string> seen() {
    const MutexLock lock(mutex);
    return paths;
  }
  Request last() {
    const MutexLock lock(mutex);
    return last_request;
  }
  std::string ask(const std::string& request) const {
    RawClient client(address);
    client.send(request);
    return client.read_answer();
  }
  static std::string post(const std::string& body, const std::string& more_headers = "") {
    return "POST /webhooks/ci HTTP/1.1\r\nHost: x\r\n" + more_headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string chunked(const std::string& body, const std::string& more_headers = "") {
    std::string text = "POST /webhooks/ci HTTP/1.1\r\nHost: x\r\n" + more_headers +
                       "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += 15) {
      const std::string chunk = body.substr(at, 15);
      text += std::string(1, "0123456789abcdef"[chunk.size()]) + "\r\n" + chunk + "\r\n";
    }
    return text + "0\r\n\r\n";
  }
  static bool has_status(const std::string& text, int status) {
    return text.rfind("HTTP/1.1 " + std::to_string(status) + " ", 0) == 0;
  }

  std::function<void(const Request&)> on_request;
  std::string address;
  Mutex mutex;
  std::vector<std::string> paths;
  Request last_request;
  std::unique_ptr<Server> server;  // the last member: stopped before the others go
};

}  // namespace backstay::test
