#include "receiver/intake/listener.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/raw_client.h"
#include "tests/temporary_folder.h"

namespace backstay::intake {
namespace {

namespace fs = std::filesystem;

Listener::Accepted accept_one(const Listener& listener) {
  pollfd polled{listener.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&polled, 1, 60'000), 1);
  return listener.accept();
}

TEST(TcpListener, TakesAFreePortAndTellsWhich) {
  const auto listener = Listener::tcp("127.0.0.1:0");
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_EQ(listener->address().rfind("127.0.0.1:", 0), 0u);
  EXPECT_NE(listener->address(), "127.0.0.1:0");
}

TEST(TcpListener, WithoutAHostItIsEveryAddressOfTheMachine) {
  const auto listener = Listener::tcp(":0");
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_EQ(listener->address().find("127."), std::string::npos) << listener->address();
  const std::string port = listener->address().substr(listener->address().rfind(':'));
  EXPECT_NO_THROW(test::RawClient{"127.0.0.1" + port});
}

TEST(TcpListener, AnAddressOfIpv6IsInBrackets) {
  const auto listener = Listener::tcp("[::1]:0");
  if (!listener) {  // the machine has none: so it is not our reading of the address
    EXPECT_EQ(listener.error().message, "[::1]:0: Cannot assign requested address");
    return;
  }
  EXPECT_EQ(listener->address().rfind("[::1]:", 0), 0u) << listener->address();
  const test::RawClient client(listener->address());
  const auto accepted = accept_one(*listener);
  EXPECT_EQ(accepted.remote_address, "::1");
  ::close(accepted.descriptor);
}

TEST(TcpListener, SaysWhoCame) {
  const auto listener = Listener::tcp("127.0.0.1:0");
  ASSERT_TRUE(listener);
  const test::RawClient client(listener->address());
  const auto accepted = accept_one(*listener);
  ASSERT_GE(accepted.descriptor, 0);
  EXPECT_EQ(accepted.remote_address, "127.0.0.1");
  ::close(accepted.descriptor);
}

TEST(TcpListener, DoesNotWaitWhereNobodyCame) {
  const auto listener = Listener::tcp("127.0.0.1:0");
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->accept().descriptor, -1);
}

TEST(TcpListener, APortInUseNamesTheAddress) {
  const auto first = Listener::tcp("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto second = Listener::tcp(first->address());
  ASSERT_FALSE(second) << "two processes would share the webhooks";
  EXPECT_EQ(second.error().message, first->address() + ": Address already in use");
}

TEST(TcpListener, APortIsFreeAgainAtOnce) {
  std::string address;
  {
    const auto first = Listener::tcp("127.0.0.1:0");
    ASSERT_TRUE(first);
    address = first->address();
    const test::RawClient client(address);
    ::close(accept_one(*first).descriptor);
  }
  EXPECT_TRUE(Listener::tcp(address));
}

TEST(TcpListener, AnAddressThatIsNoneIsNamed) {
  for (const char* address : {"9879", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
                              "127.0.0.1:-1", "no such host:1", "999.0.0.1:1"}) {
    const auto listener = Listener::tcp(address);
    ASSERT_FALSE(listener) << address;
    EXPECT_EQ(listener.error().message.rfind(std::string(address) + ": ", 0), 0u)
        << listener.error().message;
  }
}

struct UnixListener : ::testing::Test {
  test::TemporaryFolder folder;
  const std::string path = folder.path("control.sock");
};

TEST_F(UnixListener, IsForItsOwnerAlone) {
  const auto listener = Listener::unix_socket(path);
  ASSERT_TRUE(listener) << listener.error().message;
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(UnixListener, HasNoRemoteAddress) {
  const auto listener = Listener::unix_socket(path);
  ASSERT_TRUE(listener);
  const test::RawClient client(path);
  const auto accepted = accept_one(*listener);
  ASSERT_GE(accepted.descriptor, 0);
  EXPECT_EQ(accepted.remote_address, "");
  ::close(accepted.descriptor);
}

TEST_F(UnixListener, TakesItsFileAway) {
  { ASSERT_TRUE(Listener::unix_socket(path)); }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(UnixListener, ReplacesWhatAKilledProcessLeft) {
  {
    // Moved aside, so that it stays behind with nobody listening, as after a kill -9.
    const auto killed = Listener::unix_socket(folder.path("killed"));
    ASSERT_TRUE(killed);
    fs::rename(folder.path("killed"), path);
  }
  ASSERT_TRUE(fs::exists(path));
  const auto listener = Listener::unix_socket(path);
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_NO_THROW(test::RawClient{path});
}

TEST_F(UnixListener, LeavesOneThatIsAliveAlone) {
  const auto first = Listener::unix_socket(path);
  ASSERT_TRUE(first);
  const auto second = Listener::unix_socket(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, path + ": Address already in use");
  EXPECT_NO_THROW(test::RawClient{path}) << "the first still answers";
}

TEST_F(UnixListener, NeverReplacesAFileThatIsNoSocket) {
  std::ofstream(path) << "someone's notes";
  ASSERT_FALSE(Listener::unix_socket(path));
  EXPECT_TRUE(fs::is_regular_file(path));
}

TEST_F(UnixListener, NeverReplacesASocketOfAnotherKind) {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto listener = Listener::unix_socket(path);
  ::close(socket);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().message, path + ": Address already in use");
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(UnixListener, TheLongestPathIsOneByteShorterThanItsPlace) {
  const std::string longest = path + std::string(107 - path.size(), 'x');
  EXPECT_TRUE(Listener::unix_socket(longest));
  EXPECT_FALSE(Listener::unix_socket(longest + "x"));
}

TEST_F(UnixListener, APathThatIsTooLongIsNamed) {
  const std::string longest = folder.path(std::string(120, 'x'));
  const auto listener = Listener::unix_socket(longest);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().message, longest + ": a socket's path is at most 107 bytes long");
}

}  // namespace
}  // namespace backstay::intake
