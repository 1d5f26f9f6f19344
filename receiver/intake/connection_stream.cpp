#include "receiver/intake/connection_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace backstay::intake {

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

bool ConnectionStream::wait_for(TlsSession::State wanted, Clock::time_point until) const {
  return wait_for(wanted == TlsSession::State::wants_write ? POLLOUT : POLLIN, until);
}

bool ConnectionStream::wait_for_request(std::chrono::milliseconds idle_max) {
  if (begin_ < end_ || (tls_ && tls_->has_pending())) return true;
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

bool ConnectionStream::shake_hands() {
  if (!tls_) return true;
  for (;;) {
    const TlsSession::State state = tls_->shake_hands();
    if (state == TlsSession::State::done) return true;
    if (state == TlsSession::State::failed) {
      has_failed_ = true;
      return false;
    }
    if (!wait_for(state, read_until_)) {
      has_timed_out_ = true;
      return false;
    }
  }
}

void ConnectionStream::linger(std::chrono::milliseconds time_max) {
  if (tls_) tls_->say_goodbye();
  ::shutdown(descriptor_, SHUT_WR);
  const auto until = Clock::now() + time_max;
  while (wait_for(POLLIN, until) &&
         ::recv(descriptor_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0) {
  }
}

bool ConnectionStream::is_readable() const {
  return begin_ < end_ || (tls_ && tls_->has_pending()) || wait_for(POLLIN, read_until_);
}

bool ConnectionStream::is_writable() const {
  return wait_for(POLLOUT, write_until_.value_or(Clock::now() + deadline_));
}

// With TLS what is there to be read may be no more than a part of a record.
ssize_t ConnectionStream::receive(char* data, std::size_t size) {
  TlsSession::State wanted = TlsSession::State::wants_read;
  for (;;) {
    if (tls_) {
      const TlsSession::Moved moved = tls_->read(data, size);
      if (moved.state == TlsSession::State::done) return static_cast<ssize_t>(moved.bytes);
      if (moved.state == TlsSession::State::closed) return 0;
      if (moved.state == TlsSession::State::failed) return -1;
      wanted = moved.state;
    }
    if (!wait_for(wanted, read_until_)) {
      has_timed_out_ = true;
      return -1;
    }
    if (!tls_) return ::recv(descriptor_, data, size, MSG_DONTWAIT);
  }
}

ssize_t ConnectionStream::write_by_tls(const char* data, std::size_t size) {
  for (;;) {
    const TlsSession::Moved moved = tls_->write(data, size);
    if (moved.state == TlsSession::State::done) return static_cast<ssize_t>(moved.bytes);
    if (moved.state == TlsSession::State::closed || moved.state == TlsSession::State::failed) {
      return -1;
    }
    if (!wait_for(moved.state, *write_until_)) return -1;
  }
}

ssize_t ConnectionStream::read(char* data, size_t size) {
  if (begin_ == end_) {
    if (bytes_left_ == 0) return -1;
    const ssize_t got = receive(buffer_.data(), std::min(buffer_.size(), bytes_left_));
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
  if (!write_until_) write_until_ = Clock::now() + deadline_;
  if (tls_) return write_by_tls(data, size);
  if (!wait_for(POLLOUT, *write_until_)) return -1;
  return ::send(descriptor_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
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
