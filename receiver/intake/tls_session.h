#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "receiver/intake/tls_context.h"

struct ssl_st;

namespace backstay::intake {

// Why a handshake came to nothing.
enum class TlsFailure {
  no_certificate,     // the client has to show one
  certificate,        // it is not one that we take
  refused_by_client,  // it does not take ours
  plain_http,         // it does not speak TLS at all
  protocol,           // no version or cipher in common, or garbage
  disconnected,
};
inline constexpr std::size_t kTlsFailures = 6;
std::string_view to_string(TlsFailure failure);

// One connection's TLS on a socket that does not block, which it does not own. Whoever calls waits
// for the socket as the state says, and calls again. SIGPIPE must be ignored in the process
// (cpp-httplib's server does that). One thread.
class TlsSession {
 public:
  enum class State { done, wants_read, wants_write, closed, failed };
  struct Moved {
    State state = State::failed;
    std::size_t bytes = 0;  // only with done
  };

  TlsSession(std::shared_ptr<const TlsContext> context, int descriptor);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // To be called until it is done or failed, before anything else.
  State shake_hands();
  Moved read(char* data, std::size_t size);
  Moved write(const char* data, std::size_t size);
  // Bytes that were received, but not read yet.
  [[nodiscard]] bool has_pending() const;
  // Tells the other side that nothing more comes, where the connection is in a state for that.
  void say_goodbye();

  // After a handshake that failed; the detail is for the log.
  [[nodiscard]] TlsFailure failure() const { return failure_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }

 private:
  State state_of(int result);
  void note_failure(int error);
  [[nodiscard]] bool is_allowed() const;

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_;
  bool is_broken_ = false;
  bool is_ready_ = false;
  TlsFailure failure_ = TlsFailure::protocol;
  std::string detail_;
};

}  // namespace backstay::intake
