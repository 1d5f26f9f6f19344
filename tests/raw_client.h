#pragma once

#include <array>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/client_socket.h"

namespace backstay::test {

// The other end of a connection, byte by byte: what no well-behaved client would send.
class RawClient {
 public:
  // As connect_to() takes it.
  explicit RawClient(const std::string& address) : descriptor_(connect_to(address)) {}
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
