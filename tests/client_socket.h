#pragma once

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace backstay::test {

// A socket connected to "127.0.0.1:9879", "[::1]:9879", or to the path of a unix socket; the caller
// closes it. Reading from it gives up after a minute, so that a server that hangs fails the test.
inline int connect_to(const std::string& address) {
  const auto connected = [&](int family, const sockaddr* to, socklen_t size) {
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{60, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(descriptor, to, size) == 0) return descriptor;
    ::close(descriptor);
    throw std::runtime_error("cannot connect to " + address);
  };
  if (address.front() == '/') {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, address.c_str(), sizeof to.sun_path - 1);
    return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  const std::size_t colon = address.rfind(':');
  const bool is_in_brackets = address.front() == '[';
  const std::string host = is_in_brackets ? address.substr(1, colon - 2) : address.substr(0, colon);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) {
    throw std::runtime_error("no address: " + address);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  return connected(found->ai_family, found->ai_addr, found->ai_addrlen);
}

}  // namespace backstay::test
