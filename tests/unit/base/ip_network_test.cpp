#include "base/ip_network.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

bool is_in(const char* address, const char* network) {
  const auto parsed = IpNetwork::parse(network);
  EXPECT_TRUE(parsed) << network;
  const auto one = IpAddress::parse(address);
  EXPECT_TRUE(one) << address;
  return parsed && one && parsed->contains(*one);
}

std::string fault(const char* network) {
  const auto parsed = IpNetwork::parse(network);
  return parsed ? "none" : parsed.error().message;
}

TEST(IpNetwork, ARangeOfIpv4HasItsAddressesAndNoOther) {
  EXPECT_TRUE(is_in("192.0.2.0", "192.0.2.0/24"));
  EXPECT_TRUE(is_in("192.0.2.255", "192.0.2.0/24"));
  EXPECT_FALSE(is_in("192.0.3.0", "192.0.2.0/24"));
  EXPECT_TRUE(is_in("10.15.255.255", "10.8.0.0/13"));
  EXPECT_FALSE(is_in("10.16.0.0", "10.8.0.0/13"));
  EXPECT_TRUE(is_in("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(is_in("192.0.2.6", "192.0.2.7"));
  EXPECT_TRUE(is_in("203.0.113.9", "0.0.0.0/0"));
}

TEST(IpNetwork, ARangeOfIpv6HasItsAddressesAndNoOther) {
  EXPECT_TRUE(is_in("2001:db8::1", "2001:db8::/32"));
  EXPECT_TRUE(is_in("2001:DB8:ffff::", "2001:db8::/32"));
  EXPECT_FALSE(is_in("2001:db9::", "2001:db8::/32"));
  EXPECT_TRUE(is_in("fe80::1%eth0", "fe80::/10")) << "the interface does not count";
  EXPECT_FALSE(is_in("::2", "::1"));
}

// A socket of both kinds shows an IPv4 peer like that.
TEST(IpNetwork, AnIpv4AddressInIpv6sClothesIsTheSame) {
  EXPECT_TRUE(is_in("::ffff:192.0.2.7", "192.0.2.0/24"));
  EXPECT_TRUE(is_in("192.0.2.7", "::ffff:192.0.2.0/120"));
  EXPECT_FALSE(is_in("::ffff:198.51.100.1", "192.0.2.0/24"));
  EXPECT_FALSE(is_in("2001:db8::1", "0.0.0.0/0")) << "all of IPv4 is not all of IPv6";
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.7")->text(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0::7")->text(), "2001:db8::7");
}

TEST(IpNetwork, WhatIsNoAddressIsNone) {
  for (const char* text : {"", "unknown", "_hidden", "192.0.2", "192.0.2.256", "192.0.2.7:80",
                           "[::1]", "::1::", "192.0.2.7 ", "0x7f.1", "localhost"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpNetwork, WhatIsNoRangeSaysWhy) {
  EXPECT_EQ(fault("10.0.0.0/33"),
            "\"10.0.0.0/33\": after the slash a number from 0 to 32 is expected");
  EXPECT_EQ(fault("::/129"), "\"::/129\": after the slash a number from 0 to 128 is expected");
  EXPECT_NE(fault("10.0.0.0/"), "none");
  EXPECT_NE(fault("10.0.0.0/8x"), "none");
  EXPECT_NE(fault("10.0.0.0/-1"), "none");
  EXPECT_NE(fault("example.com/8"), "none");
  EXPECT_NE(fault("fe80::1%eth0/64"), "none");
  EXPECT_EQ(fault("10.0.0.1/8"),
            "\"10.0.0.1/8\" has bits beyond its prefix: one address is written without a slash");
}

TEST(IpNetwork, KnowsWhenItIsEverything) {
  for (const char* text : {"0.0.0.0/0", "::/0"})
    EXPECT_TRUE(IpNetwork::parse(text)->is_everything());
  for (const char* text : {"0.0.0.0/1", "::/1", "::1"}) {
    EXPECT_FALSE(IpNetwork::parse(text)->is_everything()) << text;
  }
}

TEST(IpNetwork, WhatBelongsToOneHostIsHalfOfAnIpv6Address) {
  EXPECT_EQ(IpAddress::parse("2001:db8:1:2:3:4:5:6")->subnet().text(), "2001:db8:1:2::");
  EXPECT_EQ(IpAddress::parse("192.0.2.7")->subnet().text(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.7")->subnet().text(), "192.0.2.7");
}

}  // namespace
}  // namespace backstay
