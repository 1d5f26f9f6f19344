#pragma once

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace backstay::test {

// The other end of a connection, byte by byte: what no well-behaved client would send. Reading
// gives up after a minute, so that a server that hangs fails the test.
class RawClient {
 public:
  // "127.0.0.1:9879", or the path of a unix socket.
  explicit RawClient(const std::string& address) : descriptor_(connect_to(address)) {
    const timeval patience{60, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False where the other side has closed.
  bool send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t more =
          ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) return false;
      sent += static_cast<std::size_t>(more);
    }
    return true;
  }
  // One byte, and a moment: false once the other side has closed.
  bool drip(char byte) {
    if (!send(std::string(1, byte))) return false;
    pollfd polled{descriptor_, POLLIN, 0};
    return ::poll(&polled, 1, 5) == 0;
  }
  // One answer, head and body by its Content-Length.
  std::string read_answer() {
    std::size_t head = std::string::npos;
    while ((head = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return std::exchange(pending_, "");
    }
    const std::size_t whole = head + 4 + content_length(pending_.substr(0, head));
    while (pending_.size() < whole && read_more()) {
    }
    std::string answer = pending_.substr(0, whole);
    pending_.erase(0, answer.size());
    return answer;
  }
  // Everything, until the other side closes.
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(pending_, "");
  }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  static int connect_to(const std::string& address) {
    const int descriptor = address.front() == '/' ? connect_unix(address) : connect_tcp(address);
    if (descriptor < 0) throw std::runtime_error("cannot connect to " + address);
    return descriptor;
  }
  static int connect_tcp(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return descriptor;
    ::close(descriptor);
    return -1;
  }
  static int connect_unix(const std::string& path) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return descriptor;
    ::close(descriptor);
    return -1;
  }
  static std::size_t content_length(const std::string& head) {
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }
  bool read_more() {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got > 0) pending_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  int descriptor_;
  std::string pending_;
};

}  // namespace backstay::test
