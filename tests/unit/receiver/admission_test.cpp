#include "receiver/intake/admission.h"

#include <list>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver/intake/server.h"
#include "tests/raw_client.h"

namespace backstay::intake {
namespace {

constexpr int kListener = 100;
constexpr int kOther = 101;

// The two ends of a connection.
class Pair {
 public:
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0); }
  ~Pair() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  [[nodiscard]] int ours() const { return ends_[0]; }
  void say(char byte) const { ASSERT_EQ(::send(ends_[1], &byte, 1, MSG_NOSIGNAL), 1); }
  // Whether our end was shut down.
  [[nodiscard]] bool is_closed() const {
    char next = 0;
    return ::recv(ends_[1], &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

 private:
  int ends_[2] = {-1, -1};
};

// Six places at an address, three of them for one peer.
struct AdmissionTest : ::testing::Test {
  struct Guest {
    Pair socket;
    Admission::Place* place = nullptr;
  };
  Guest& come(const std::string& from, int listener = kListener) {
    Guest& guest = guests.emplace_back();
    guest.place = admission.enter(listener, guest.socket.ours(), from);
    return guest;
  }
  Guest& come_and_speak(const std::string& from, int listener = kListener) {
    Guest& guest = come(from, listener);
    if (guest.place != nullptr) guest.place->heard();
    return guest;
  }
  // How many of ten get a place, all of whom speak.
  int places_of(const std::string& from) {
    int taken = 0;
    for (int i = 0; i < 10; ++i) taken += come_and_speak(from).place != nullptr ? 1 : 0;
    return taken;
  }
  [[nodiscard]] std::uint64_t turned(Turned reason) const {
    return admission.counted()[static_cast<std::size_t>(reason)];
  }

  Admission admission{{6, 3, with_loopback({*IpNetwork::parse("10.0.0.0/24")})}};
  std::list<Guest> guests;
};

TEST_F(AdmissionTest, OnePeerHasAPartOfThePlaces) {
  EXPECT_EQ(places_of("192.0.2.7"), 3);
  EXPECT_EQ(turned(Turned::peer_full), 7u);
  EXPECT_NE(come_and_speak("192.0.2.8").place, nullptr) << "others have the rest";
  EXPECT_EQ(turned(Turned::full), 0u);
}

TEST_F(AdmissionTest, AHostOfIpv6IsOnePeerWithAllItsAddresses) {
  for (const char* from : {"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"}) {
    EXPECT_NE(come_and_speak(from).place, nullptr) << from;
  }
  EXPECT_EQ(come_and_speak("2001:db8::4").place, nullptr);
  EXPECT_NE(come_and_speak("2001:db8:0:1::4").place, nullptr);
  EXPECT_EQ(turned(Turned::peer_full), 1u);
}

TEST_F(AdmissionTest, AnIpv4PeerInIpv6sClothesIsTheSame) {
  EXPECT_EQ(places_of("192.0.2.7"), 3);
  EXPECT_EQ(come_and_speak("::ffff:192.0.2.7").place, nullptr);
  EXPECT_NE(come_and_speak("::ffff:192.0.2.8").place, nullptr);
}

TEST_F(AdmissionTest, WhoStandsForManyMayHaveAllPlaces) {
  for (const char* from : {"10.0.0.1", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", ""}) {
    EXPECT_EQ(places_of(from), 6) << from;
    for (const Guest& guest : guests) admission.leave(guest.place);
    guests.clear();
  }
  EXPECT_EQ(turned(Turned::peer_full), 0u);
  EXPECT_EQ(turned(Turned::full), 24u);
}

TEST_F(AdmissionTest, WhoHasBeenSilentForLongestMakesRoom) {
  come_and_speak("192.0.2.1");
  const Guest& first = come("192.0.2.2");
  const Guest& second = come("192.0.2.3");
  for (int i = 0; i < 3; ++i) come("10.0.0.1");
  EXPECT_FALSE(first.socket.is_closed());
  EXPECT_NE(come("192.0.2.4").place, nullptr);
  EXPECT_TRUE(first.socket.is_closed());
  EXPECT_FALSE(second.socket.is_closed());
  EXPECT_NE(come("192.0.2.5").place, nullptr);
  EXPECT_TRUE(second.socket.is_closed());
  EXPECT_EQ(turned(Turned::silent), 2u);
  EXPECT_EQ(turned(Turned::full), 0u);
}

// Its thread has not had the time to look.
TEST_F(AdmissionTest, WhoHasJustSpokenIsNotSilent) {
  const Guest& speaking = come("10.0.0.1");
  speaking.socket.say('G');
  for (int i = 0; i < 5; ++i) come_and_speak("10.0.0.1");
  EXPECT_EQ(come("10.0.0.2").place, nullptr);
  EXPECT_FALSE(speaking.socket.is_closed());
  EXPECT_EQ(turned(Turned::full), 1u);
}

TEST_F(AdmissionTest, APeerMakesRoomForItselfAndFromItsOwnAlone) {
  const Guest& stranger = come("192.0.2.1");
  const Guest& own = come("192.0.2.7");
  come_and_speak("192.0.2.7");
  come_and_speak("192.0.2.7");
  EXPECT_NE(come_and_speak("192.0.2.7").place, nullptr);
  EXPECT_TRUE(own.socket.is_closed());
  EXPECT_EQ(come_and_speak("192.0.2.7").place, nullptr);
  EXPECT_FALSE(stranger.socket.is_closed());
  EXPECT_EQ(turned(Turned::silent), 1u);
  EXPECT_EQ(turned(Turned::peer_full), 1u);
}

TEST_F(AdmissionTest, EachAddressHasPlacesOfItsOwn) {
  const Guest& silent = come("192.0.2.7");
  EXPECT_EQ(places_of("10.0.0.1"), 6) << "one of them in the place of the silent one";
  EXPECT_TRUE(silent.socket.is_closed());
  const Guest& elsewhere = come("192.0.2.7", kOther);
  EXPECT_NE(elsewhere.place, nullptr);
  EXPECT_EQ(come("10.0.0.1").place, nullptr);
  EXPECT_FALSE(elsewhere.socket.is_closed());
}

TEST_F(AdmissionTest, WhoLeavesMakesRoom) {
  const Guest& leaving = come_and_speak("192.0.2.7");
  EXPECT_EQ(places_of("192.0.2.7"), 2);
  admission.leave(leaving.place);
  EXPECT_NE(come("192.0.2.7").place, nullptr);
}

// Each has a thread until that has ended.
TEST_F(AdmissionTest, ThoseThatMadeRoomAndHaveNotEndedAreNotWithoutNumber) {
  for (int i = 0; i < 100; ++i) come("10.0.0.1");
  EXPECT_EQ(turned(Turned::silent), 6u);
  EXPECT_EQ(turned(Turned::full), 88u);
  for (const Guest& guest : guests) {
    if (guest.place != nullptr && guest.socket.is_closed()) admission.leave(guest.place);
  }
  EXPECT_NE(come("10.0.0.1").place, nullptr);
}

TEST(Turned, EachReasonHasItsWord) {
  EXPECT_EQ(to_string(Turned::full), "full");
  EXPECT_EQ(to_string(Turned::peer_full), "peer_full");
  EXPECT_EQ(to_string(Turned::silent), "silent");
  EXPECT_EQ(to_string(Turned::no_thread), "no_thread");
}

// On real sockets, with all the time in the world: nothing here ends by itself.
struct AdmittingServer : ::testing::Test {
  void start(std::size_t places, std::size_t places_of_peer, std::vector<IpNetwork> shared = {}) {
    ServerLimits limits;
    limits.request_deadline = std::chrono::hours(1);
    limits.connections_max = places;
    limits.peer_connections_max = places_of_peer;
    limits.shared_peers = std::move(shared);
    server = std::make_unique<Server>([](const Request&) { return Response{}; }, limits);
    const auto bound = server->listen("127.0.0.1:0");
    ASSERT_TRUE(bound) << bound.error().message;
    address = *bound;
  }
  static std::string ask(test::RawClient& client) {
    client.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    return client.read_answer().substr(0, 12);
  }
  [[nodiscard]] std::uint64_t turned(Turned reason) const {
    return server->counters().connections_refused[static_cast<std::size_t>(reason)];
  }
  std::string address;
  std::unique_ptr<Server> server;
};

TEST_F(AdmittingServer, WhoSaysNothingMakesRoomForWhoDoes) {
  start(8, 8);
  std::vector<test::RawClient> silent;
  for (int i = 0; i < 8; ++i) silent.emplace_back(address);
  std::vector<test::RawClient> speaking;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(speaking.emplace_back(address)), "HTTP/1.1 200") << i;
  EXPECT_EQ(silent.front().read_to_end(), "") << "the one that had been silent for longest";
  EXPECT_EQ(ask(silent.back()), "HTTP/1.1 200") << "a late word is a word";
  EXPECT_EQ(turned(Turned::silent), 4u);
  EXPECT_EQ(turned(Turned::full), 0u);
}

TEST_F(AdmittingServer, OnePeerCannotTakeAllThePlaces) {
  start(8, 2);
  std::vector<test::RawClient> clients;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(clients.emplace_back(address)), "HTTP/1.1 200");
  EXPECT_EQ(test::RawClient(address).read_to_end().substr(0, 12), "HTTP/1.1 503");
  EXPECT_EQ(turned(Turned::peer_full), 1u);
}

TEST_F(AdmittingServer, APeerThatStandsForManyMayTakeAllThePlaces) {
  start(3, 1, with_loopback({}));
  std::vector<test::RawClient> clients;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(clients.emplace_back(address)), "HTTP/1.1 200");
  EXPECT_EQ(turned(Turned::peer_full), 0u);
}

}  // namespace
}  // namespace backstay::intake
