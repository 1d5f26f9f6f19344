#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace backstay {

// An IPv4 or IPv6 address. One of IPv4 that is written as IPv6 (::ffff:192.0.2.7) is the same as
// the one that it stands for. Plain data.
class IpAddress {
 public:
  // "192.0.2.7", "2001:db8::7"; what follows a % (the name of an interface) does not count. Nothing
  // for anything else, a port or a bracket among it.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] std::string text() const;
  // What belongs to one host at least: of IPv6 the network of its first 64 bits, of IPv4 itself.
  [[nodiscard]] IpAddress subnet() const;
  bool operator==(const IpAddress& other) const = default;

 private:
  friend class IpNetwork;
  using Bytes = std::array<unsigned char, 16>;  // those of IPv4 as ::ffff:a.b.c.d
  explicit IpAddress(const Bytes& bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// A range of addresses: "192.0.2.0/24", "2001:db8::/32", or one address. Plain data.
// https://www.rfc-editor.org/rfc/rfc4632 https://www.rfc-editor.org/rfc/rfc4291
class IpNetwork {
 public:
  // The error says what is wrong; an address with bits beyond its prefix is wrong.
  static Result<IpNetwork> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const;
  // Whether it is all of IPv4, or of IPv6.
  [[nodiscard]] bool is_everything() const { return prefix_ == 0 || is_all_of_ipv4_; }

 private:
  IpNetwork(const IpAddress& first, int prefix, bool is_all_of_ipv4)
      : first_(first), prefix_(prefix), is_all_of_ipv4_(is_all_of_ipv4) {}
  IpAddress first_;
  int prefix_;  // in bits, of 128
  bool is_all_of_ipv4_;
};

}  // namespace backstay
