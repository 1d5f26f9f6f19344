#include "exporter/web/drain_server.h"

#include <condition_variable>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"
#include "tests/raw_client.h"

namespace backstay::web {
namespace {

using std::chrono::milliseconds;
using test::RawClient;

constexpr std::uint64_t kBytesMax = 100'000;

std::string to_string(Body::End end) {
  if (end == Body::End::whole) return "whole";
  return end == Body::End::cut_off ? "cut_off" : "too_large";
}

// Reads bodies and remembers what came of each.
class Reader {
 public:
  DrainHandlers handlers() {
    return {[this](const Request& request, Body& body) { return receive(request, body); },
            [](const Request&) {
              return Response{503, "busy\n", "text/plain", {{"Retry-After", "10"}}};
            }};
  }
  // "whole hello": of the next request that has ended.
  std::string next() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() REQUIRES(mutex_) { return !ended_.empty(); });
    std::string first = ended_.front();
    ended_.erase(ended_.begin());
    return first;
  }
  void wait_until_reading(int requests) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return reading_ == requests; });
  }

 private:
  Response receive(const Request& request, Body& body) EXCLUDES(mutex_) {
    if (request.path == "/throw") throw std::runtime_error("no");
    if (request.path == "/unread") return {401, "unread\n"};
    note(1, "");
    std::string text;
    std::vector<char> buffer(1000);
    while (const std::size_t size = body.read(buffer.data(), buffer.size())) {
      text.append(buffer.data(), size);
    }
    const std::string result = to_string(body.end()) + " " + text;
    note(-1, result);
    return {body.end() == Body::End::too_large ? 413 : 200, result};
  }
  void note(int more, const std::string& result) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    reading_ += more;
    if (!result.empty()) ended_.push_back(result);
    changed_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable_any changed_;
  int reading_ GUARDED_BY(mutex_) = 0;
  std::vector<std::string> ended_ GUARDED_BY(mutex_);
};

std::unique_ptr<DrainServer> start(Reader& reader, int connections, milliseconds request_time) {
  DrainLimits limits;
  limits.connections_max = connections;
  limits.body_bytes_max = kBytesMax;
  limits.request_time_max = request_time;
  auto started = DrainServer::start({"127.0.0.1:0"}, reader.handlers(), limits);
  if (!started) throw std::runtime_error(started.error().message);
  return std::move(*started);
}

std::string head(const std::string& headers, const std::string& path = "/drains/a") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

// One patient server and one in a hurry for all: CivetWeb takes up to two seconds to stop.
struct DrainServerTest : ::testing::Test {
  static void SetUpTestSuite() {
    reader = std::make_unique<Reader>();
    patient = start(*reader, 16, std::chrono::minutes(10));
    hasty = start(*reader, 16, milliseconds(200));
  }
  static void TearDownTestSuite() {
    patient.reset();
    hasty.reset();
    reader.reset();
  }
  static RawClient connect() { return RawClient(patient->addresses().front()); }
  static std::string answer_to(const std::string& bytes) {
    RawClient client = connect();
    client.send(bytes);
    return client.read_answer();
  }
  static inline std::unique_ptr<Reader> reader;
  static inline std::unique_ptr<DrainServer> patient;
  static inline std::unique_ptr<DrainServer> hasty;
};

TEST_F(DrainServerTest, ABodyOfItsLengthIsWhole) {
  EXPECT_NE(answer_to(head("Content-Length: 5\r\n") + "hello").find(" 200 OK\r\n"),
            std::string::npos);
  EXPECT_EQ(reader->next(), "whole hello");
  answer_to(head("Content-Length: 0\r\n"));
  EXPECT_EQ(reader->next(), "whole ");
}

TEST_F(DrainServerTest, ABodyInChunksIsWholeAtItsLast) {
  answer_to(head("Transfer-Encoding: chunked\r\n") + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  EXPECT_EQ(reader->next(), "whole hello");
}

TEST_F(DrainServerTest, ABodyThatEndsEarlyIsCutOff) {
  for (const std::string& bytes :
       {head("Content-Length: 9\r\n") + "hello",
        head("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n",
        head("Transfer-Encoding: chunked\r\n") + "5\r\nhel",
        head("Transfer-Encoding: chunked\r\n") + "5\r\nhelloXX\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked\r\n") + "-5\r\nhello\r\n0\r\n\r\n"}) {
    RawClient client = connect();
    client.send(bytes);
    client.close();
    EXPECT_EQ(reader->next().rfind("cut_off", 0), 0U) << bytes;
  }
}

// Each byte comes in time, and the whole does not.
TEST_F(DrainServerTest, ASenderThatDripsIsCut) {
  for (const char* headers : {"Content-Length: 90000\r\n", "Transfer-Encoding: chunked\r\n"}) {
    RawClient client(hasty->addresses().front());
    client.send(head(headers) + "5000\r\n");
    int drips = 0;
    while (drips < 10'000 && client.drip('a')) ++drips;
    EXPECT_LT(drips, 10'000);
    EXPECT_EQ(reader->next().rfind("cut_off", 0), 0U);
  }
}

TEST_F(DrainServerTest, ABodyOverTheLimitIsTooLarge) {
  // Not even sent.
  const std::string announced = answer_to(head("Content-Length: 100001\r\n"));
  EXPECT_NE(announced.find(" 413 "), std::string::npos) << announced;
  EXPECT_EQ(reader->next(), "too_large ");
  const std::string chunk = "2710\r\n" + std::string(10'000, 'a') + "\r\n";
  std::string chunks;
  for (int i = 0; i < 11; ++i) chunks += chunk;
  const std::string sent = answer_to(head("Transfer-Encoding: chunked\r\n") + chunks);
  EXPECT_NE(sent.find(" 413 "), std::string::npos) << sent.substr(0, 100);
  EXPECT_EQ(reader->next().rfind("too_large", 0), 0U);
}

TEST_F(DrainServerTest, ASenderThatWaitsIsToldToGoOn) {
  RawClient client = connect();
  client.send(head("Content-Length: 5\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_NE(client.read_answer().find(" 200 OK"), std::string::npos);
  EXPECT_EQ(reader->next(), "whole hello");
}

TEST_F(DrainServerTest, ABodyThatNobodyReadsIsNotAskedFor) {
  const std::string answer =
      answer_to(head("Content-Length: 5\r\nExpect: 100-continue\r\n", "/unread"));
  EXPECT_EQ(answer.rfind("HTTP/1.1 401 Unauthorized\r\n", 0), 0U) << answer;
}

TEST_F(DrainServerTest, ABodyWithTwoEndsIsRefused) {
  for (const char* headers : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                              "Transfer-Encoding: gzip, chunked\r\n"}) {
    EXPECT_NE(answer_to(head(headers) + "5\r\nhello\r\n0\r\n\r\n").find(" 400 "), std::string::npos)
        << headers;
  }
}

TEST_F(DrainServerTest, AnExceptionIsA500AndTheServerGoesOn) {
  EXPECT_NE(answer_to(head("Content-Length: 0\r\n", "/throw")).find(" 500 "), std::string::npos);
  answer_to(head("Content-Length: 2\r\n") + "ok");
  EXPECT_EQ(reader->next(), "whole ok");
}

// A server of its own: a connection counts until it is closed, and another test's may not be yet.
TEST(DrainServer, BeyondTheConnectionsOneIsTurnedAwayAtOnce) {
  Reader reader;
  const auto server = start(reader, 3, std::chrono::minutes(10));
  std::vector<RawClient> slow;
  for (int i = 0; i < 3; ++i) {
    slow.emplace_back(server->addresses().front());
    slow.back().send(head("Content-Length: 5\r\n") + "hel");
    reader.wait_until_reading(i + 1);
  }
  RawClient one_more(server->addresses().front());
  one_more.send(head("Content-Length: 5\r\n") + "hello");
  const std::string answer = one_more.read_answer();
  EXPECT_NE(answer.find(" 503 Service Unavailable\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Retry-After: 10\r\n"), std::string::npos) << answer;
  for (RawClient& client : slow) {
    client.send("lo");
    client.read_to_end();
    EXPECT_EQ(reader.next(), "whole hello");
  }
}

// They hold all connections, have their answers, and go on.
TEST(DrainServer, SendersWhoDoNotStopAtTheirAnswersAreCut) {
  Reader reader;
  const auto server = start(reader, 3, std::chrono::minutes(10));
  std::vector<RawClient> endless;
  for (int i = 0; i < 3; ++i) {
    endless.emplace_back(server->addresses().front());
    endless.back().send(head("Content-Length: 100000\r\n", "/unread"));
    EXPECT_NE(endless.back().read_answer().find(" 401 "), std::string::npos);
  }
  const std::string request = head("Content-Length: 5\r\n") + "hello";
  std::string answer;
  while (answer.find(" 200 ") == std::string::npos) {
    for (RawClient& client : endless) client.send("a");
    RawClient next(server->addresses().front());
    next.send(request);
    answer = next.read_answer();
  }
  EXPECT_EQ(reader.next(), "whole hello");
}

}  // namespace
}  // namespace backstay::web
