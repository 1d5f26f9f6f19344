#include "receiver/intake/connection_stream.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace backstay::intake {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// Two ends of one connection: the stream has one, the test the other.
struct ConnectionStreamTest : ::testing::Test {
  ConnectionStreamTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    peer = ends[0];
    stream = std::make_unique<ConnectionStream>(ends[1], "192.0.2.7");
  }
  ~ConnectionStreamTest() override { hang_up(); }

  void say(const std::string& bytes) const {
    ASSERT_EQ(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    if (peer >= 0) ::close(std::exchange(peer, -1));
  }
  std::string read(std::size_t bytes_max) const {
    std::string bytes(bytes_max, '\0');
    const ssize_t got = stream->read(bytes.data(), bytes.size());
    return got < 0 ? "error" : bytes.substr(0, static_cast<std::size_t>(got));
  }

  int peer = -1;
  std::unique_ptr<ConnectionStream> stream;
};

TEST_F(ConnectionStreamTest, ReadsWhatWasSentInAnyPortionsToItsEnd) {
  stream->begin_request(minutes(1), 1000);
  say("GET / HTTP/1.1");
  EXPECT_EQ(read(3), "GET");
  EXPECT_EQ(read(1000), " / HTTP/1.1");
  hang_up();
  EXPECT_EQ(read(1000), "") << "the end, no error";
  EXPECT_FALSE(stream->has_timed_out());
}

TEST_F(ConnectionStreamTest, ARequestMayHaveSoManyBytesAndNoMore) {
  stream->begin_request(minutes(1), 4);
  say("123456789");
  EXPECT_EQ(read(100), "1234");
  EXPECT_EQ(read(100), "error");
  stream->allow_bytes(2);
  EXPECT_EQ(read(100), "56");
  EXPECT_EQ(read(100), "error");
  stream->allow_bytes(1);
  stream->begin_request(minutes(1), 2);
  EXPECT_EQ(read(100), "78") << "what the one before left over is not the next one's";
  EXPECT_FALSE(stream->has_timed_out());
}

TEST_F(ConnectionStreamTest, ASilentSenderIsCutAtTheDeadline) {
  stream->begin_request(milliseconds(20), 1000);
  EXPECT_EQ(read(1), "error");
  EXPECT_TRUE(stream->has_timed_out());
}

TEST_F(ConnectionStreamTest, TheDeadlineIsForTheWholeRequestHoweverOftenAByteComes) {
  stream->begin_request(milliseconds(50), 1U << 30U);
  do {
    say("x");
  } while (read(1) == "x");
  EXPECT_TRUE(stream->has_timed_out());
}

TEST_F(ConnectionStreamTest, WaitsForTheNextRequestNoLongerThanItMay) {
  EXPECT_FALSE(stream->wait_for_request(milliseconds(10)));
  say("G");
  EXPECT_TRUE(stream->wait_for_request(minutes(1)));
  stream->begin_request(minutes(1), 10);
  EXPECT_EQ(read(1), "G");
  hang_up();
  EXPECT_FALSE(stream->wait_for_request(minutes(1))) << "the connection has ended";
}

TEST_F(ConnectionStreamTest, WhatWasReadTooMuchIsTheNextRequest) {
  stream->begin_request(minutes(1), 1000);
  say("first\nsecond");
  EXPECT_EQ(read(6), "first\n");
  EXPECT_TRUE(stream->wait_for_request(milliseconds(0)));
  stream->begin_request(minutes(1), 1000);
  EXPECT_EQ(read(100), "second");
}

TEST_F(ConnectionStreamTest, EachRequestHasTimeOfItsOwn) {
  stream->begin_request(milliseconds(20), 1000);
  EXPECT_EQ(stream->write("first", 5), 5);
  stream->send_answer();
  EXPECT_FALSE(stream->wait_for_request(milliseconds(100))) << "longer than both deadlines";
  stream->begin_request(minutes(1), 1000);
  say("second");
  EXPECT_EQ(read(100), "second");
  // An answer that has to wait for its reader.
  const std::string much(1 << 16, 'x');
  while (::send(stream->socket(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
  }
  std::thread reader([this]() {
    std::array<char, 1000> taken{};
    while (::recv(peer, taken.data(), taken.size(), 0) > 0) {
    }
  });
  EXPECT_GT(stream->write(much.data(), much.size()), 0);
  stream.reset();
  reader.join();
}

TEST_F(ConnectionStreamTest, ASlowHandlerStillGetsItsAnswerOut) {
  stream->begin_request(milliseconds(200), 1000);
  EXPECT_FALSE(stream->wait_for_request(milliseconds(500))) << "longer than twice the deadline";
  EXPECT_EQ(stream->write("answer", 6), 6);
  EXPECT_TRUE(stream->send_answer());
  std::array<char, 6> got{};
  EXPECT_EQ(::recv(peer, got.data(), got.size(), 0), 6);
}

TEST_F(ConnectionStreamTest, AnAnswerIsSentInOnePieceWhenItIsWhole) {
  stream->begin_request(minutes(1), 1000);
  EXPECT_EQ(stream->write("head, ", 6), 6);
  std::array<char, 100> got{};
  EXPECT_LT(::recv(peer, got.data(), got.size(), MSG_DONTWAIT), 0) << "not before it is whole";
  EXPECT_EQ(stream->write("body", 4), 4);
  stream->send_answer();
  EXPECT_EQ(::recv(peer, got.data(), got.size(), 0), 10);
}

TEST_F(ConnectionStreamTest, WhatIsWrittenIsSentBeforeItWaitsForMore) {
  stream->begin_request(minutes(1), 1000);
  EXPECT_EQ(stream->write("100 Continue", 12), 12);
  say("the body");
  EXPECT_EQ(read(100), "the body");
  std::array<char, 100> got{};
  EXPECT_EQ(::recv(peer, got.data(), got.size(), MSG_DONTWAIT), 12);
}

TEST_F(ConnectionStreamTest, ALongAnswerArrivesWholeAndInOrder) {
  stream->begin_request(minutes(1), 1000);
  const std::string longer(20'000, 'x');
  EXPECT_EQ(stream->write("head", 4), 4);
  EXPECT_EQ(stream->write(longer.data(), longer.size()), static_cast<ssize_t>(longer.size()));
  stream->send_answer();
  std::string got(20'004, '\0');
  EXPECT_EQ(::recv(peer, got.data(), got.size(), MSG_WAITALL), 20'004);
  EXPECT_EQ(got, "head" + longer);
}

TEST_F(ConnectionStreamTest, AReaderThatTakesNothingIsCutToo) {
  stream->begin_request(milliseconds(50), 1000);
  const std::string much(1 << 16, 'x');
  while (stream->write(much.data(), much.size()) > 0) {
  }
  EXPECT_TRUE(stream->has_timed_out());
}

// What came after it would be taken for the rest of the answer that was cut.
TEST_F(ConnectionStreamTest, NothingFollowsAnAnswerThatWasNotSentWhole) {
  stream->begin_request(milliseconds(20), 1000);
  const std::string much(1 << 16, 'x');
  while (::send(stream->socket(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(stream->write("head", 4), 4);
  EXPECT_FALSE(stream->send_answer());
  std::string taken(1 << 16, '\0');
  while (::recv(peer, taken.data(), taken.size(), MSG_DONTWAIT) > 0) {  // it is taken after all
  }
  stream->begin_request(minutes(1), 1000);
  EXPECT_LT(stream->write(much.data(), much.size()), 0);
  EXPECT_LT(::recv(peer, taken.data(), taken.size(), MSG_DONTWAIT), 0) << "nothing came";
}

TEST_F(ConnectionStreamTest, AReaderThatTakesALittleNowAndThenIsCutToo) {
  stream->begin_request(milliseconds(50), 1000);
  std::thread reader([this]() {
    std::array<char, 1000> taken{};
    while (::recv(peer, taken.data(), taken.size(), 0) > 0) {
    }
  });
  const std::string much(1 << 20, 'x');
  while (stream->write(much.data(), much.size()) > 0) {  // without an end where it is not cut
  }
  stream.reset();
  reader.join();
}

TEST_F(ConnectionStreamTest, LingeringEndsOurSideAndTakesWhatStillComes) {
  say("the rest of a body that was refused");
  stream->linger(milliseconds(10));
  char byte = 0;
  EXPECT_EQ(::recv(peer, &byte, 1, 0), 0) << "our side has ended";
  stream.reset();
  EXPECT_EQ(::recv(peer, &byte, 1, 0), 0) << "no reset: nothing was left unread";
}

TEST_F(ConnectionStreamTest, KnowsWhereItsPeerIs) {
  std::string ip;
  int port = -1;
  stream->get_remote_ip_and_port(ip, port);
  EXPECT_EQ(ip, "192.0.2.7");
}

TEST_F(ConnectionStreamTest, ClosesItsEnd) {
  stream.reset();
  char byte = 0;
  EXPECT_EQ(::recv(peer, &byte, 1, 0), 0);
}

}  // namespace
}  // namespace backstay::intake
