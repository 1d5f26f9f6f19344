// What a server on the open internet meets: on real sockets, byte by byte.

#include "receiver/intake/server.h"

#include <gtest/gtest.h>

#include "tests/unit/receiver/server_fixture.h"

namespace backstay::intake {
namespace {

using test::kGet;
using test::RawClient;

struct ServerTest : test::ServerFixture {};

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

// What is left of a body that was not read must never be taken for a request. Nor what follows
// chunks: the library is less strict about where they end than a proxy may be.
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
           "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
           "BREW /x HTTP/1.1\r\nHost: x\r\n\r\n" + hidden,
           "garbage\r\n\r\n" + hidden,
       }) {
    RawClient client(address);
    client.send(request);
    const std::string text = client.read_to_end();
    EXPECT_EQ(text.find("HTTP/1.1", 1), std::string::npos) << request << "\n→\n" << text;
  }
  EXPECT_EQ(seen(), (std::vector<std::string>{"GET /shown", "GET /shown", "POST /x"}));
}

// A proxy in front may read each of these in another way than the library does, which takes the
// first of two lengths and passes over lines that it cannot read.
TEST_F(ServerTest, ARequestThatMayEndInTwoPlacesIsRefusedWithTheReason) {
  start(small());
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::vector<std::pair<std::string, std::string>> heads = {
      {"Content-Length: 2\r\nContent-Length: 40\r\n", "Content-Length stands there more than once"},
      {"Content-Length: 2\r\ncontent-length: 2\r\n", "Content-Length stands there more than once"},
      {"Content-Length:\r\n", "Content-Length is no number"},
      {"Content-Length: %32\r\n", "Content-Length is no number"},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
       "Transfer-Encoding stands there more than once"},
      {"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding is not chunked"},
      {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
       "Content-Length beside Transfer-Encoding"},
      {"Content-Length : 2\r\n", "a header's name is none, or white space stands before its colon"},
      {"X-Long: a\r\n Content-Length: 2\r\n", "a header goes on in a second line"},
      {"Transfer-Encoding:\r\n\tchunked\r\n", "Transfer-Encoding is not chunked"},
      {"Content-Length: 2\nX: y\r\n", "a line does not end in CRLF"},
  };
  for (const auto& [head, reason] : heads) {
    for (const char* method : {"POST", "GET"}) {
      RawClient client(address);
      client.send(std::string(method) + " /x HTTP/1.1\r\nHost: x\r\n" + head + "\r\n" + hidden);
      const std::string text = client.read_to_end();
      EXPECT_TRUE(has_status(text, 400)) << head << text;
      EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos) << text;
      EXPECT_TRUE(text.ends_with("\r\n\r\n" + reason + "\n")) << "one answer: " << text;
    }
  }
  EXPECT_EQ(seen(), std::vector<std::string>());
  EXPECT_TRUE(has_status(ask(post("body")), 202)) << "others are served";
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

}  // namespace
}  // namespace backstay::intake
