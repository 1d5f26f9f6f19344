#include "base/ip_network.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace backstay {
namespace {

constexpr int kBits = 128;
constexpr int kMappedBits = 96;  // of ::ffff:0:0/96, where IPv4 is
constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_ipv4(std::string_view text) { return text.find(':') == std::string_view::npos; }

bool has_bit(const std::array<unsigned char, 16>& bytes, int bit) {
  return (bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string plain(text.substr(0, text.find('%')));
  Bytes bytes{};
  if (is_ipv4(plain)) {
    std::copy(kMapped.begin(), kMapped.end(), bytes.begin());
    if (::inet_pton(AF_INET, plain.c_str(), bytes.data() + kMapped.size()) != 1) {
      return std::nullopt;
    }
  } else if (::inet_pton(AF_INET6, plain.c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  return IpAddress(bytes);
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes_.begin())) {
    ::inet_ntop(AF_INET, bytes_.data() + kMapped.size(), out.data(), out.size());
  } else {
    ::inet_ntop(AF_INET6, bytes_.data(), out.data(), out.size());
  }
  return out.data();
}

IpAddress IpAddress::subnet() const {
  constexpr std::ptrdiff_t kSubnetBytes = 8;
  Bytes bytes = bytes_;
  const bool is_ipv6 = !std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
  if (is_ipv6) std::fill(bytes.begin() + kSubnetBytes, bytes.end(), 0);
  return IpAddress(bytes);
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const auto first = IpAddress::parse(host);
  if (!first || host.find('%') != std::string_view::npos) {
    return fail("\"" + std::string(text) +
                "\" is no address and no range of them: 192.0.2.0/24, 2001:db8::/32");
  }
  const int offset = is_ipv4(host) ? kMappedBits : 0;
  int prefix = kBits - offset;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const char* end = number.data() + number.size();
    const auto parsed = std::from_chars(number.data(), end, prefix);
    if (parsed.ec != std::errc() || parsed.ptr != end || prefix < 0 || prefix > kBits - offset) {
      return fail("\"" + std::string(text) + "\": after the slash a number from 0 to " +
                  std::to_string(kBits - offset) + " is expected");
    }
  }
  const int bits = offset + prefix;
  for (int bit = bits; bit < kBits; ++bit) {
    if (has_bit(first->bytes_, bit)) {
      return fail("\"" + std::string(text) +
                  "\" has bits beyond its prefix: " + "one address is written without a slash");
    }
  }
  const bool is_all_of_ipv4 = offset != 0 && prefix == 0;
  return IpNetwork(*first, bits, is_all_of_ipv4);
}

bool IpNetwork::contains(const IpAddress& address) const {
  for (int bit = 0; bit < prefix_; ++bit) {
    if (has_bit(first_.bytes_, bit) != has_bit(address.bytes_, bit)) return false;
  }
  return true;
}

}  // namespace backstay
