#include "receiver/intake/unserved.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver/intake/server.h"
#include "tests/raw_client.h"

namespace backstay::intake {
namespace {

// What is said of a head after all of it was read, as the library reads one.
std::optional<Unserved> after(const std::string& head, bool stays = true,
                              std::size_t bytes_max = kHeadBytesMax) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ConnectionStream stream(ends[0], "192.0.2.7");
  stream.begin_request(std::chrono::seconds(30), bytes_max);
  EXPECT_EQ(::send(ends[1], head.data(), head.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(head.size()));
  if (!stays) ::shutdown(ends[1], SHUT_WR);
  char next = 0;
  const std::size_t reads = stays ? std::min(head.size(), bytes_max + 1) : head.size() + 1;
  for (std::size_t i = 0; i < reads; ++i) static_cast<void>(stream.read(&next, 1));
  ::close(ends[1]);
  return why_without_head(stream);
}

TEST(Unserved, AHeadIsRefusedForItsSizeItsLinesOrWhatItSays) {
  EXPECT_EQ(after("garbage\r\n"), Unserved::malformed);
  EXPECT_EQ(after("garbage\r\n", true, 4), Unserved::head_too_large);
  EXPECT_EQ(after("X: " + std::string(8192 - 5, 'a') + "\r\n"), Unserved::malformed);
  EXPECT_EQ(after("X: " + std::string(8192 - 4, 'a') + "\r\n"), Unserved::line_too_long);
  EXPECT_EQ(after("X: " + std::string(8192 - 4, 'a') + "\r\nY: z\r\n"), Unserved::line_too_long);
}

TEST(Unserved, AHeadThatTheSenderBrokeOffIsNotRefused) {
  EXPECT_EQ(after("GET /", false), std::nullopt);
  EXPECT_EQ(after("X: " + std::string(9000, 'a'), false), std::nullopt);
}

TEST(Unserved, EachReasonHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < kUnserved; ++i) words.insert(to_string(static_cast<Unserved>(i)));
  EXPECT_EQ(words.size(), kUnserved);
}

struct UnservedRequest : ::testing::Test {
  UnservedRequest() {
    const auto bound = server.listen("127.0.0.1:0");
    if (bound) address = *bound;
  }
  // The reasons that one request of a connection is counted with; empty: none.
  std::string refused(const std::string& request) {
    const auto before = server.counters().requests_refused;
    test::RawClient client(address);
    client.send(request);
    client.read_to_end();
    const auto after = server.counters().requests_refused;
    std::string reasons;
    for (std::size_t i = 0; i < kUnserved; ++i) {
      if (after[i] != before[i]) reasons += to_string(static_cast<Unserved>(i));
    }
    return reasons;
  }
  std::string address;
  Server server{[](const Request&) { return Response{}; },
                {.body_bytes_max = 1000, .request_deadline = std::chrono::hours(1)}};
};

const std::string kPost = "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";

TEST_F(UnservedRequest, IsCountedByItsReason) {
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 7000; ++i) many += "X-Filler: y\r\n";
  EXPECT_EQ(refused(many + "\r\n"), "head_too_large");
  EXPECT_EQ(refused("GET /" + std::string(200'000, 'a')), "head_too_large");
  EXPECT_EQ(refused("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
            "line_too_long");
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"),
            "line_too_long");
  EXPECT_EQ(refused("garbage\r\n\r\n"), "malformed");
  EXPECT_EQ(refused("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"), "method");
  EXPECT_EQ(refused(kPost + "Content-Length: 5x\r\n\r\n"), "body_length");
  EXPECT_EQ(refused(kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "body_length");
  EXPECT_EQ(refused(kPost + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"), "body_length");
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n"), "body_length");
  EXPECT_EQ(refused(kPost + "Content-Length : 2\r\n\r\nok"), "malformed");
  EXPECT_EQ(refused(kPost + "X: y\r\n goes on\r\n\r\n"), "malformed");
  EXPECT_EQ(refused(kPost + "Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip"),
            "body_broken");
  EXPECT_EQ(refused(kPost + "Content-Type: multipart/form-data; boundary=b\r\n"
                            "Content-Length: 5\r\n\r\n--b--"),
            "form");
}

TEST_F(UnservedRequest, IsNoneThatIsAnsweredOrHasACounterOfItsOwn) {
  EXPECT_EQ(refused(kPost + "Content-Length: 4\r\n\r\nbody"), "");
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nConnection: close\r\nX: " + std::string(8192 - 5, 'a') +
                    "\r\n\r\n"),
            "")
      << "a line of just what is allowed";
  EXPECT_EQ(refused(kPost + "Content-Length: 1001\r\n\r\n"), "") << "413";
}

TEST_F(UnservedRequest, IsNoneThatItsSenderBrokeOff) {
  for (const std::string& part :
       {std::string("GET / HTTP/1.1\r\nHost"), kPost + "Content-Length: 4\r\n\r\nbod"}) {
    test::RawClient client(address);
    client.send(part);
    client.close();
  }
  refused(kPost + "Content-Length: 0\r\n\r\n");
  server.stop();
  for (const std::uint64_t count : server.counters().requests_refused) EXPECT_EQ(count, 0u);
}

}  // namespace
}  // namespace backstay::intake
