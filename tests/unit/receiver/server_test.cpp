// What a server on the open internet meets: on real sockets, byte by byte.

#include "receiver/intake/server.h"

#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "base/mutex.h"
#include "tests/no_more_threads.h"
#include "tests/raw_client.h"
#include "tests/temporary_folder.h"

namespace backstay::intake {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RawClient;

// Answers with what came in, and keeps it.
struct ServerTest : ::testing::Test {
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

constexpr const char* kGet = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";
// "hello, gzip", and five thousand times the letter a.
const std::string kHelloGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\xd7\x51\x48\xaf\xca\x2c\x00\x00"
    "\x4a\x9b\xb1\x5c\x0b\x00\x00\x00",
    31);
const std::string kBombGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xac\xeb\x5f\xc2"
    "\x14\x7e\x40\x01\x00\x00\x00\x00\x6f\x03\x76\x59\xf4\x4c\x88\x13\x00\x00",
    41);

TEST_F(ServerTest, HandsARequestOnAndAnswers) {
  start(small());
  const std::string text = ask(post("body", "X-Hub-Signature-256: sha256=abc\r\n"));
  EXPECT_TRUE(has_status(text, 202)) << text;
  EXPECT_NE(text.find("X-Test: yes\r\n"), std::string::npos);
  EXPECT_NE(text.find("Content-Type: application/json\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\n\r\ngot body"), std::string::npos);
  EXPECT_EQ(last().method, "POST");
  EXPECT_EQ(last().path, "/webhooks/ci");
  EXPECT_EQ(last().headers.at("x-hub-signature-256"), "sha256=abc") << "names in lower case";
  EXPECT_EQ(last().remote_address, "127.0.0.1");
}

TEST_F(ServerTest, NobodyCanSayThatHeComesThroughTheOperatorsDoor) {
  start(small());
  ask(post("body", "REMOTE_ADDR: \r\nX-Forwarded-For: \r\n"));
  EXPECT_EQ(last().remote_address, "127.0.0.1");
}

// HAProxy adds what it saw as a second header of the name: the first is the sender's own.
TEST_F(ServerTest, HeadersOfOneNameAreJoinedInTheirOrder) {
  start(small());
  ask(post("body", "X-Forwarded-For: 1.2.3.4\r\nA: b\r\nx-forwarded-for: 5.6.7.8\r\n"));
  EXPECT_EQ(last().headers.at("x-forwarded-for"), "1.2.3.4, 5.6.7.8");
}

TEST_F(ServerTest, AChunkedAndACompressedBodyArriveWhole) {
  start(small());
  EXPECT_TRUE(has_status(ask(chunked(std::string(1000, 'x'))), 202));
  EXPECT_EQ(last().body, std::string(1000, 'x'));
  EXPECT_TRUE(has_status(ask(post(kHelloGzip, "Content-Encoding: gzip\r\n")), 202));
  EXPECT_EQ(last().body, "hello, gzip");
}

TEST_F(ServerTest, ABodyOfTheLimitIsTaken) {
  start(small());
  EXPECT_TRUE(has_status(ask(post(std::string(1000, 'x'))), 202));
}

TEST_F(ServerTest, ABodyThatAnnouncesTooMuchIsRefusedUnread) {
  start(small());
  EXPECT_TRUE(has_status(ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), 413));
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(server->counters().bodies_too_large, 1u);
}

TEST_F(ServerTest, AChunkedBodyIsRefusedOnceItIsTooLarge) {
  start(small());
  EXPECT_TRUE(has_status(ask(chunked(std::string(1001, 'x'))), 413));
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(server->counters().bodies_too_large, 1u);
}

TEST_F(ServerTest, ACompressedBodyCountsByWhatItGrowsTo) {
  start(small());
  EXPECT_TRUE(has_status(ask(post(kBombGzip, "Content-Encoding: gzip\r\n")), 413));
  EXPECT_TRUE(has_status(ask(chunked(kBombGzip, "Content-Encoding: gzip\r\n")), 413));
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(server->counters().bodies_too_large, 2u);
}

TEST_F(ServerTest, ABodyThatIsNotWhatItSaysIsRefused) {
  start(small());
  EXPECT_TRUE(has_status(ask(post("no gzip at all", "Content-Encoding: gzip\r\n")), 400));
  EXPECT_TRUE(
      has_status(ask(post("--b--", "Content-Type: multipart/form-data; boundary=b\r\n")), 415));
  EXPECT_TRUE(seen().empty());
}

// What is left of a body that was not read must never be taken for a request.
TEST_F(ServerTest, NothingIsServedAfterABodyThatWasNotRead) {
  start(small());
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string& request : {
           "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + hidden,
           "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n" + hidden,
           "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
           "0\r\n\r\n" +
               hidden,
           "GET /shown HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(hidden.size()) +
               "\r\n\r\n" + hidden,
           "GET /shown HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden,
           "BREW /x HTTP/1.1\r\nHost: x\r\n\r\n" + hidden,
           "garbage\r\n\r\n" + hidden,
       }) {
    RawClient client(address);
    client.send(request);
    const std::string text = client.read_to_end();
    EXPECT_EQ(text.find("HTTP/1.1", 1), std::string::npos) << request << "\n→\n" << text;
  }
  EXPECT_EQ(seen(), (std::vector<std::string>{"GET /shown", "GET /shown"}));
}

TEST_F(ServerTest, AConnectionServesOneRequestAfterAnother) {
  start(small());
  RawClient client(address);
  for (int i = 0; i < 3; ++i) {
    client.send(post(std::to_string(i)));
    EXPECT_NE(client.read_answer().find("got " + std::to_string(i)), std::string::npos);
  }
  client.send(std::string(kGet) + kGet);
  EXPECT_TRUE(has_status(client.read_answer(), 202));
  EXPECT_TRUE(has_status(client.read_answer(), 202)) << "sent together";
}

TEST_F(ServerTest, AConnectionIsClosedWhereTheClientAsksForIt) {
  start(small());
  RawClient client(address);
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has_status(client.read_to_end(), 202));
}

// So that one client does not stay with one thread for ever. The last answer says so: otherwise a
// client that sends its next request at that moment could not know whether that was taken.
TEST_F(ServerTest, AConnectionIsClosedAfterAThousandRequests) {
  start(small());
  RawClient client(address);
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(text.find("Connection: close"), std::string::npos) << i;
    client.send(kGet);
    text = client.read_answer();
    ASSERT_TRUE(has_status(text, 202)) << i;
  }
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos) << text;
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, AHeadWithoutAnEndIsCutOff) {
  start(small());
  for (const std::string& head :
       {"GET /" + std::string(200'000, 'a'), "GET / HTTP/1.1\r\nX: " + std::string(200'000, 'a')}) {
    RawClient client(address);
    client.send(head);
    const std::string text = client.read_to_end();
    EXPECT_TRUE(text.empty() || has_status(text, 400) || has_status(text, 414)) << text;
  }
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 20'000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  RawClient client(address);
  client.send(many + "\r\n");
  EXPECT_FALSE(has_status(client.read_to_end(), 202));
  EXPECT_TRUE(seen().empty());
  EXPECT_TRUE(has_status(ask(kGet), 202)) << "others are served";
}

TEST_F(ServerTest, ALongPathIsMatchedWithoutHarm) {
  start(small());
  const std::string path = "/" + std::string(8000, 'a');
  EXPECT_TRUE(has_status(ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"), 202));
  EXPECT_EQ(last().path, path);
}

TEST_F(ServerTest, ADrippingSenderIsCutWhileOthersAreAnswered) {
  start(small(seconds(2)));
  RawClient dripping(address);
  dripping.send("POST /x HTTP/1.1\r\nX: ");
  int answered = 0;
  while (dripping.drip('x')) {
    if (has_status(ask(kGet), 202)) ++answered;
  }
  EXPECT_TRUE(has_status(dripping.read_to_end(), 400));
  server->stop();
  EXPECT_GT(answered, 0);
  EXPECT_EQ(seen().size(), static_cast<std::size_t>(answered)) << "nobody was turned away";
  EXPECT_EQ(server->counters().requests_timed_out, 1u);
}

TEST_F(ServerTest, ABodyThatDripsIsCutToo) {
  start(small(milliseconds(100)));
  RawClient dripping(address);
  dripping.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  while (dripping.drip('x')) {
  }
  server->stop();
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(server->counters().requests_timed_out, 1u);
}

TEST_F(ServerTest, ConnectionsOverTheLimitAreToldToComeBack) {
  start(small(seconds(30), 2));
  RawClient first(address);
  RawClient second(address);
  for (RawClient* client : {&first, &second}) {
    client->send(kGet);
    ASSERT_TRUE(has_status(client->read_answer(), 202));
  }
  const std::string text = RawClient(address).read_to_end();
  EXPECT_TRUE(has_status(text, 503)) << text;
  EXPECT_NE(text.find("Retry-After: 5\r\n"), std::string::npos);
  EXPECT_EQ(server->counters().connections_refused[std::size_t(Turned::full)], 1u);

  first.close();
  std::string again;
  while (!has_status(again, 202)) again = ask(kGet);  // once its place is free
}

TEST_F(ServerTest, SlowSendersDoNotLockTheOperatorOut) {
  start(small(seconds(30), 2));
  const test::TemporaryFolder folder;
  const std::string path = folder.path("control.sock");
  ASSERT_TRUE(server->listen_unix(path));
  RawClient first(address);
  RawClient second(address);
  for (RawClient* client : {&first, &second}) {
    client->send(kGet);
    ASSERT_TRUE(has_status(client->read_answer(), 202));
  }
  RawClient person(path);
  person.send(kGet);
  EXPECT_TRUE(has_status(person.read_answer(), 202));
  EXPECT_EQ(last().remote_address, "") << "which is how the operator is known";
}

TEST_F(ServerTest, AnExceptionIsAnAnswerThatSaysNothing) {
  on_request = [](const Request& request) {
    if (request.method == "POST") throw std::runtime_error("the password is hunter2");
  };
  start(small());
  ::testing::internal::CaptureStderr();
  const std::string text = ask(post("body"));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(has_status(text, 500)) << text;
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_EQ(text.find("EXCEPTION"), std::string::npos) << text;
  EXPECT_EQ(logged.find("hunter2"), std::string::npos) << logged;
  EXPECT_TRUE(has_status(ask(kGet), 202)) << "the server goes on";
}

TEST_F(ServerTest, WithoutAThreadForAConnectionItIsRefusedAndTheServerGoesOn) {
  start(small());
  std::string text;
  {
    const test::NoMoreThreads none;
    text = RawClient(address).read_to_end();
  }
  EXPECT_TRUE(has_status(text, 503)) << text;
  EXPECT_EQ(server->counters().connections_refused[std::size_t(Turned::no_thread)], 1u);
  EXPECT_TRUE(has_status(ask(kGet), 202));
}

TEST_F(ServerTest, ListensOnSeveralAddresses) {
  start(small());
  const auto second = server->listen("127.0.0.1:0");
  ASSERT_TRUE(second);
  EXPECT_NE(*second, address);
  RawClient client(*second);
  client.send(kGet);
  EXPECT_TRUE(has_status(client.read_answer(), 202));
}

TEST_F(ServerTest, StopsWithSlowSendersAndIdleConnections) {
  start(small(seconds(1)));
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(address).send(
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nslow");
  }
  RawClient idle(address);
  idle.send(kGet);
  ASSERT_TRUE(has_status(idle.read_answer(), 202));
  server->stop();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_THROW(RawClient{address}, std::runtime_error) << "nobody listens any more";
  for (RawClient& client : clients) EXPECT_FALSE(has_status(client.read_to_end(), 202));
}

// With deadlines of an hour: a stop that waits for them does not end here.
TEST_F(ServerTest, WhatIsStillComingInIsReadAndWhatIsIdleIsNotWaitedFor) {
  start(small(std::chrono::hours(1)));
  RawClient sending(address);
  sending.send("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n");
  ASSERT_TRUE(has_status(sending.read_answer(), 100)) << "now it waits for the body";
  RawClient idle(address);
  idle.send(kGet);
  ASSERT_TRUE(has_status(idle.read_answer(), 202));
  std::thread stopping([this]() { server->stop(); });
  EXPECT_EQ(idle.read_to_end(), "");  // now it stops
  sending.send("the body");
  const std::string text = sending.read_to_end();
  EXPECT_TRUE(has_status(text, 202)) << text;
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos) << text;
  stopping.join();
}

TEST_F(ServerTest, ARequestInFlightIsAnsweredBeforeTheStop) {
  std::latch inside{1};
  std::latch may_go_on{1};
  on_request = [&](const Request&) {
    inside.count_down();
    may_go_on.wait();
  };
  start(small());
  RawClient client(address);
  client.send(kGet);
  inside.wait();
  std::thread stopping([this]() { server->stop(); });
  may_go_on.count_down();
  EXPECT_TRUE(has_status(client.read_to_end(), 202));
  stopping.join();
}

}  // namespace
}  // namespace backstay::intake
