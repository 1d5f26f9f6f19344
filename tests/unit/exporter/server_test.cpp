#include "exporter/web/server.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http_client.h"

namespace backstay::web {
namespace {

// Sends bytes as they are, and gives back all that comes.
std::string answer_to(const std::string& address, const std::string& bytes) {
  const std::size_t colon = address.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
      ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(socket, piece, sizeof piece, 0)) > 0;) {
      answer.append(piece, static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  return answer;
}

std::string free_address() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(probe, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(probe);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

Response echo(const Request& request) {
  if (request.path == "/throw") throw std::runtime_error("no");
  const auto header = request.headers.find("x-some-header");
  return {request.path == "/nowhere" ? 404 : 200,
          request.method + " " + request.path + " " +
              (request.query.empty() ? "" : "?" + request.query + " ") +
              (header == request.headers.end() ? "-" : header->second) + "\n",
          "text/plain; charset=utf-8",
          {{"X-One", "1"}, {"X-Two", "a b"}}};
}

std::string refusal(const std::string& address) {
  const auto server = Server::start({address}, echo);
  return server ? "started" : server.error().message;
}

// One server for all: CivetWeb takes up to two seconds to stop.
struct ServerTest : ::testing::Test {
  static void SetUpTestSuite() {
    auto started = Server::start({"127.0.0.1:0"}, echo);
    if (!started) throw std::runtime_error(started.error().message);
    server = std::move(*started);
    address = server->addresses().front();
  }
  static void TearDownTestSuite() { server.reset(); }

  static HttpResponse get(const std::string& path) {
    HttpRequest request;
    request.url = "http://" + address + path;
    request.headers = {{"X-Some-Header", "Value"}};
    const auto response = CurlHttpClient().send(request);
    if (!response) throw std::runtime_error(response.error().message);
    return *response;
  }
  static inline std::unique_ptr<Server> server;
  static inline std::string address;
};

TEST_F(ServerTest, TheHandlerGetsMethodPathAndHeaders) {
  EXPECT_EQ(get("/metrics").body, "GET /metrics Value\n");
}

TEST_F(ServerTest, AQueryIsNoPartOfThePathAndIsNotDecoded) {
  EXPECT_EQ(get("/metrics?x=1&y=/a%26").body, "GET /metrics ?x=1&y=/a%26 Value\n");
  EXPECT_EQ(get("/metrics?").body, "GET /metrics Value\n");
}

TEST_F(ServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  const std::string answer = answer_to(address, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.rfind("HTTP/1.1 200 OK\r\n", 0), 0U) << answer;
  EXPECT_NE(answer.find("\r\nContent-Length: 16\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n") << answer;
}

TEST_F(ServerTest, TheHandlersHeadersAreSent) {
  const std::string answer = answer_to(address, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(answer.find("\r\nX-One: 1\r\nX-Two: a b\r\n\r\nGET /metrics"), std::string::npos)
      << answer;
}

TEST_F(ServerTest, TheStatusIsTheHandlers) { EXPECT_EQ(get("/nowhere").status, 404); }

TEST_F(ServerTest, AnExceptionIsA500AndTheServerGoesOn) {
  EXPECT_EQ(get("/throw").status, 500);
  EXPECT_EQ(get("/throw").body, "internal error\n");
  EXPECT_EQ(get("/a").status, 200);
}

TEST_F(ServerTest, GarbageIsA400AndTheServerGoesOn) {
  const std::string long_path = "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n";
  for (const std::string& bytes : {std::string("\x16\x03\x01\x02\r\n\r\n"), std::string("\r\n\r\n"),
                                   std::string("GET\r\n\r\n"), long_path}) {
    const std::string answer = answer_to(address, bytes);
    EXPECT_TRUE(answer.empty() || answer.find(" 400 ") == 8) << answer.substr(0, 100);
  }
  EXPECT_EQ(get("/a").status, 200);
}

TEST_F(ServerTest, ListensOnSeveralAddresses) {
  const auto two = Server::start({"127.0.0.1:0", "127.0.0.2:0"}, echo);
  ASSERT_TRUE(two) << two.error().message;
  ASSERT_EQ((*two)->addresses().size(), 2U);
  EXPECT_EQ((*two)->addresses()[1].rfind("127.0.0.2:", 0), 0U);
  for (const std::string& each : (*two)->addresses()) {
    EXPECT_NE(answer_to(each, "GET / HTTP/1.0\r\n\r\n").find(" 200 OK"), std::string::npos) << each;
  }
}

TEST_F(ServerTest, APortInUseIsNamedWithTheReason) {
  const std::string message = refusal(address);
  EXPECT_NE(message.find(address), std::string::npos) << message;
  EXPECT_NE(message.find("Address already in use"), std::string::npos) << message;
  EXPECT_EQ(get("/a").status, 200);
}

TEST(Server, ThePortIsFreeOnceItHasStopped) {
  auto first = Server::start({"127.0.0.1:0"}, echo);
  ASSERT_TRUE(first) << first.error().message;
  const std::string address = (*first)->addresses().front();
  EXPECT_NE(answer_to(address, "GET / HTTP/1.0\r\n\r\n").find(" 200 OK"), std::string::npos);
  first->reset();
  EXPECT_EQ(refusal(address), "started");
}

TEST(Server, Ipv6IsRefusedWithTheReason) {
  for (const char* address : {"[::1]:0", "[::]:9878", "::1:9878", "::"}) {
    EXPECT_NE(refusal(address).find("no IPv6"), std::string::npos) << refusal(address);
  }
}

TEST(Server, WhatIsNoAddressIsRefused) {
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
                              "127.0.0.1:-1", "127.0.0.1:443s"}) {
    EXPECT_NE(refusal(address).find("expected HOST:PORT"), std::string::npos) << refusal(address);
  }
  EXPECT_NE(refusal("192.0.2.1:0").find("192.0.2.1"), std::string::npos);
}

// How many answers of a server that starts now are not its handler's.
int answers_of_another(std::unique_ptr<Server>& server) {
  const std::string address = free_address();
  std::atomic<bool> is_over = false;
  std::atomic<int> not_ours = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&]() {
      while (!is_over) {
        const std::string answer = answer_to(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        if (!answer.empty() && answer.rfind("HTTP/1.1 200", 0) != 0) ++not_ours;
      }
    });
  }
  auto started = Server::start({address}, echo, 32);
  is_over = true;
  clients.clear();
  if (!started) throw std::runtime_error(started.error().message);
  server = std::move(*started);
  return not_ours;
}

// A client may be there before the start is over. Many starts, since few of them meet one just
// then; all are stopped at once, for one takes two seconds.
TEST(Server, AnswersFromTheFirstRequestOn) {
  std::vector<std::unique_ptr<Server>> servers(40);
  for (auto& server : servers) EXPECT_EQ(answers_of_another(server), 0);
  std::vector<std::jthread> stopping;
  for (auto& server : servers) stopping.emplace_back([&server]() { server.reset(); });
}

}  // namespace
}  // namespace backstay::web
