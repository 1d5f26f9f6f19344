#pragma once

#include <string>

#include "base/result.h"

namespace backstay::intake {

// A listening socket. Owns its descriptor; a unix socket's file is removed with it.
class Listener {
 public:
  // "127.0.0.1:9879", "[::1]:9879", port 0 for a free one. SO_REUSEADDR, never SO_REUSEPORT: a
  // second process on the same port is an error, not half of the webhooks lost.
  static Result<Listener> tcp(const std::string& address);
  // Mode 0600. A file that nobody listens on is replaced.
  static Result<Listener> unix_socket(const std::string& path);
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  struct Accepted {
    int descriptor = -1;  // -1: nobody was waiting
    std::string remote_address;
  };
  Accepted accept() const;
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool is_unix() const { return !path_.empty(); }
  // As bound, with the real port.
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  Listener(int descriptor, std::string address, std::string path);
  int descriptor_;
  std::string address_;
  std::string path_;  // of a unix socket
};

}  // namespace backstay::intake
