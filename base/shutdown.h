#pragma once

#include <stop_token>

namespace backstay {

// Turns SIGINT and SIGTERM into a stop token. Construct in main before any other thread, so that
// all threads inherit the blocked signals. The first signal requests the stop; a second one ends
// the process at once. SIGHUP, which would end a process whose terminal goes away or whose log is
// rotated, is told to the log and nothing else. SIGPIPE is ignored for the process (subprocess
// restores it in children).
class Shutdown {
 public:
  Shutdown();
  ~Shutdown();
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  // Blocks until a signal comes or request() is called.
  void wait();
  void request() { source_.request_stop(); }

 private:
  std::stop_source source_;
};

}  // namespace backstay
