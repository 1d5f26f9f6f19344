// Whose connections a server keeps, for how long, and how it ends: on real sockets.

#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "receiver/intake/server.h"
#include "tests/no_more_threads.h"
#include "tests/temporary_folder.h"
#include "tests/unit/receiver/server_fixture.h"

namespace backstay::intake {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::kGet;
using test::RawClient;

struct ServerConnectionsTest : test::ServerFixture {};

TEST_F(ServerConnectionsTest, ADrippingSenderIsCutWhileOthersAreAnswered) {
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

TEST_F(ServerConnectionsTest, ABodyThatDripsIsCutToo) {
  start(small(milliseconds(100)));
  RawClient dripping(address);
  dripping.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  while (dripping.drip('x')) {
  }
  server->stop();
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(server->counters().requests_timed_out, 1u);
}

TEST_F(ServerConnectionsTest, ConnectionsOverTheLimitAreToldToComeBack) {
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

TEST_F(ServerConnectionsTest, SlowSendersDoNotLockTheOperatorOut) {
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

TEST_F(ServerConnectionsTest, AnExceptionIsAnAnswerThatSaysNothing) {
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

TEST_F(ServerConnectionsTest, WithoutAThreadForAConnectionItIsRefusedAndTheServerGoesOn) {
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

TEST_F(ServerConnectionsTest, ListensOnSeveralAddresses) {
  start(small());
  const auto second = server->listen("127.0.0.1:0");
  ASSERT_TRUE(second);
  EXPECT_NE(*second, address);
  RawClient client(*second);
  client.send(kGet);
  EXPECT_TRUE(has_status(client.read_answer(), 202));
}

TEST_F(ServerConnectionsTest, StopsWithSlowSendersAndIdleConnections) {
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
TEST_F(ServerConnectionsTest, WhatIsStillComingInIsReadAndWhatIsIdleIsNotWaitedFor) {
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

TEST_F(ServerConnectionsTest, ARequestInFlightIsAnsweredBeforeTheStop) {
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
