#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <httplib.h>

#include "receiver/intake/tls_session.h"

namespace backstay::intake {

// A connection as cpp-httplib reads and writes it, with what the library lacks: one deadline for a
// whole request however slowly its bytes come, and a limit on how many bytes it may have. A TLS
// handshake is a part of the first request, and has no time of its own. One thread.
class ConnectionStream final : public httplib::Stream {
 public:
  // Owns the descriptor. remote_address is empty for a unix socket.
  ConnectionStream(int descriptor, std::string remote_address);
  ~ConnectionStream() override;

  // Waits until the next request begins; false at the end of the connection or of the time.
  bool wait_for_request(std::chrono::milliseconds idle_max);
  // From here on a request has this long for its reading, and as long again for its answer.
  void begin_request(std::chrono::milliseconds deadline, std::size_t bytes_max);
  void allow_bytes(std::size_t more) { bytes_left_ += more; }
  // From here on TLS is spoken.
  void secure(std::unique_ptr<TlsSession> tls) { tls_ = std::move(tls); }
  // Within the deadline of the request that has begun; true at once where it is done, or plain.
  bool shake_hands();
  // Why that came to nothing: null where it did not.
  [[nodiscard]] const TlsSession* failed_tls() const { return has_failed_ ? tls_.get() : nullptr; }
  [[nodiscard]] bool has_timed_out() const { return has_timed_out_; }
  // Whether the sender has not sent what it began: it went away, or took too long.
  [[nodiscard]] bool has_broken_off() const { return has_broken_off_; }
  // Of the request: whether it wanted more bytes than it may have, and its longest line so far,
  // as far as it was read line by line, without the end of that.
  [[nodiscard]] bool is_out_of_bytes() const { return is_out_of_bytes_; }
  [[nodiscard]] std::size_t longest_line() const { return longest_line_; }
  // The request's head is over. All of it as it came, also what the library passed over; it is kept
  // until the next request begins. As far as it was read line by line.
  std::string_view end_head() {
    is_in_head_ = false;
    return head_;
  }
  // Sends what write() has kept back: an answer goes out in one piece, which wakes its reader once.
  // False where that could not be sent whole: nothing more may be, for it would be taken for the
  // rest.
  bool send_answer();
  // Ends our side and waits a moment for the other, so that an answer that was sent while the
  // request still came in is not lost to a reset.
  void linger(std::chrono::milliseconds time_max);

  // read() and write() wait by themselves.
  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return descriptor_; }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool wait_for(short events, Clock::time_point until) const;
  [[nodiscard]] bool wait_for(TlsSession::State wanted, Clock::time_point until) const;
  TlsSession::Moved try_to_read(std::size_t bytes_max);
  TlsSession::Moved try_to_write(const char* data, std::size_t size);
  ssize_t receive(std::size_t bytes_max);
  void note_in_line(char next);
  ssize_t send_now(const char* data, std::size_t size);

  int descriptor_;
  std::string remote_address_;
  // httplib reads headers byte by byte; this makes system calls of it.
  std::array<char, 16'384> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t bytes_left_ = 0;
  bool is_out_of_bytes_ = false;
  std::size_t line_bytes_ = 0;  // of the line that is being read
  std::size_t longest_line_ = 0;
  bool is_in_head_ = true;
  std::string head_;
  std::chrono::milliseconds deadline_{0};
  Clock::time_point read_until_;
  std::optional<Clock::time_point> write_until_;  // from the answer's first byte on
  std::string kept_back_;                         // of the answer
  bool is_cut_ = false;                           // an answer that was not sent whole
  bool has_timed_out_ = false;
  bool has_broken_off_ = false;
  std::unique_ptr<TlsSession> tls_;  // none: plain
  bool has_failed_ = false;          // its handshake
};

}  // namespace backstay::intake
