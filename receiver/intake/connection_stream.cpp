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

using State = TlsSession::State;

// What a plain socket does, said as TLS says it.
TlsSession::Moved moved(ssize_t result, State wanted) {
  if (result > 0) return {State::done, static_cast<std::size_t>(result)};
  if (result == 0) return {State::closed, 0};
  const bool is_not_ready = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {is_not_ready ? wanted : State::failed, 0};
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
  is_out_of_bytes_ = false;
  line_bytes_ = longest_line_ = 0;
  is_in_head_ = true;
  head_.clear();
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

TlsSession::Moved ConnectionStream::try_to_read(std::size_t bytes_max) {
  if (tls_) return tls_->read(buffer_.data(), bytes_max);
  return moved(::recv(descriptor_, buffer_.data(), bytes_max, MSG_DONTWAIT), State::wants_read);
}

TlsSession::Moved ConnectionStream::try_to_write(const char* data, std::size_t size) {
  if (tls_) return tls_->write(data, size);
  return moved(::send(descriptor_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT), State::wants_write);
}

// Most of what is waited for is there already: the kernel is asked to wait only where it is not.
// With TLS what is there may be no more than a part of a record.
ssize_t ConnectionStream::receive(std::size_t bytes_max) {
  while (Clock::now() < read_until_) {
    const TlsSession::Moved got = try_to_read(bytes_max);
    if (got.state == State::done) return static_cast<ssize_t>(got.bytes);
    if (got.state == State::closed) return 0;
    if (got.state == State::failed) return -1;
    if (!wait_for(got.state, read_until_)) break;
  }
  has_timed_out_ = true;
  return -1;
}

ssize_t ConnectionStream::read(char* data, size_t size) {
  if (begin_ == end_) {
    if (!send_answer()) return -1;  // the sender may wait for a "100 Continue"
    is_out_of_bytes_ = bytes_left_ == 0;
    if (is_out_of_bytes_) return -1;
    const ssize_t got = receive(std::min(buffer_.size(), bytes_left_));
    has_broken_off_ = got <= 0;
    if (has_broken_off_) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    bytes_left_ -= end_;
  }
  const std::size_t bytes = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, bytes);
  begin_ += bytes;
  if (size == 1) note_in_line(*data);  // which is how httplib reads a head
  return static_cast<ssize_t>(bytes);
}

void ConnectionStream::note_in_line(char next) {
  if (is_in_head_) head_.push_back(next);
  line_bytes_ = next == '\n' ? 0 : line_bytes_ + 1;
  longest_line_ = std::max(longest_line_, line_bytes_);
}

ssize_t ConnectionStream::write(const char* data, size_t size) {
  if (kept_back_.size() + size <= kKeptBackMax) {
    kept_back_.append(data, size);
    return static_cast<ssize_t>(size);
  }
  return send_answer() ? send_now(data, size) : -1;
}

bool ConnectionStream::send_answer() {
  std::string_view rest = kept_back_;
  while (!rest.empty()) {
    const ssize_t sent = send_now(rest.data(), rest.size());
    if (sent <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  kept_back_.clear();
  return !is_cut_;
}

ssize_t ConnectionStream::send_now(const char* data, std::size_t size) {
  if (!write_until_) write_until_ = Clock::now() + deadline_;
  while (!is_cut_) {
    const TlsSession::Moved sent = try_to_write(data, size);
    if (sent.state == State::done) return static_cast<ssize_t>(sent.bytes);
    is_cut_ = sent.state == State::closed || sent.state == State::failed;
    if (!is_cut_ && !wait_for(sent.state, *write_until_)) is_cut_ = has_timed_out_ = true;
  }
  return -1;
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
