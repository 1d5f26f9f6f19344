#include "receiver/intake/connection_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace backstay::intake {
namespace {

constexpr std::size_t kKeptBackMax = 16 * 1024;  // of an answer; a longer one goes out in pieces

bool is_not_ready(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

}  // namespace

ConnectionStream::ConnectionStream(int descriptor, std::string remote_address)
    : descriptor_(descriptor), remote_address_(std::move(remote_address)) {}

ConnectionStream::~ConnectionStream() { ::close(descriptor_); }

bool ConnectionStream::wait_for(short events, Clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    pollfd polled{descriptor_, events, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool ConnectionStream::wait_for_request(std::chrono::milliseconds idle_max) {
  if (begin_ < end_) return true;
  if (!wait_for(POLLIN, Clock::now() + idle_max)) return false;
  char next = 0;
  return ::recv(descriptor_, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

void ConnectionStream::begin_request(std::chrono::milliseconds deadline, std::size_t bytes_max) {
  deadline_ = deadline;
  read_until_ = Clock::now() + deadline;
  write_until_.reset();
  bytes_left_ = bytes_max;
}

void ConnectionStream::linger(std::chrono::milliseconds time_max) {
  ::shutdown(descriptor_, SHUT_WR);
  const auto until = Clock::now() + time_max;
  while (wait_for(POLLIN, until) &&
         ::recv(descriptor_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0) {
  }
}

bool ConnectionStream::is_readable() const {
  return begin_ < end_ || wait_for(POLLIN, read_until_);
}

bool ConnectionStream::is_writable() const {
  return wait_for(POLLOUT, write_until_.value_or(Clock::now() + deadline_));
}

// Most of what is waited for is there already: the kernel is asked to wait only where it is not.
ssize_t ConnectionStream::receive(std::size_t bytes_max) {
  while (Clock::now() < read_until_) {
    const ssize_t got = ::recv(descriptor_, buffer_.data(), bytes_max, MSG_DONTWAIT);
    if (!is_not_ready(got)) return got;
    if (!wait_for(POLLIN, read_until_)) break;
  }
  has_timed_out_ = true;
  return -1;
}

ssize_t ConnectionStream::read(char* data, size_t size) {
  if (begin_ == end_) {
    send_answer();  // the sender may wait for a "100 Continue"
    if (bytes_left_ == 0) return -1;
    const ssize_t got = receive(std::min(buffer_.size(), bytes_left_));
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    bytes_left_ -= end_;
  }
  const std::size_t bytes = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, bytes);
  begin_ += bytes;
  return static_cast<ssize_t>(bytes);
}

ssize_t ConnectionStream::write(const char* data, size_t size) {
  if (kept_back_.size() + size <= kKeptBackMax) {
    kept_back_.append(data, size);
    return static_cast<ssize_t>(size);
  }
  send_answer();
  return send_now(data, size);
}

void ConnectionStream::send_answer() {
  std::string_view rest = kept_back_;
  while (!rest.empty()) {
    const ssize_t sent = send_now(rest.data(), rest.size());
    if (sent <= 0) break;  // whoever reads next finds the connection closed
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  kept_back_.clear();
}

ssize_t ConnectionStream::send_now(const char* data, size_t size) {
  if (!write_until_) write_until_ = Clock::now() + deadline_;
  for (;;) {
    const ssize_t sent = ::send(descriptor_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (!is_not_ready(sent)) return sent;
    if (!wait_for(POLLOUT, *write_until_)) return -1;
  }
}

void ConnectionStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = remote_address_;
  port = 0;
}

void ConnectionStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace backstay::intake
