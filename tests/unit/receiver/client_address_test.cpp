#include "receiver/intake/client_address.h"

#include <gtest/gtest.h>

namespace backstay::intake {
namespace {

using Headers = std::map<std::string, std::string>;

std::vector<IpNetwork> networks(const std::vector<const char*>& texts) {
  std::vector<IpNetwork> list;
  for (const char* text : texts) list.push_back(*IpNetwork::parse(text));
  return list;
}

// Two proxies of ours: 10.0.0.1 in front of 10.0.0.2, and one of IPv6.
std::string sender(const std::string& peer, const Headers& headers) {
  static const auto trusted = networks({"10.0.0.0/24", "2001:db8:a::/64"});
  const auto address = client_address(peer, headers, trusted);
  return address ? address->text() : "unknown";
}

TEST(ClientAddress, WithoutAProxyItIsThePeer) {
  EXPECT_EQ(sender("192.0.2.7", {}), "192.0.2.7");
  EXPECT_EQ(sender("::ffff:192.0.2.7", {}), "192.0.2.7");
  EXPECT_EQ(sender("10.0.0.1", {}), "10.0.0.1") << "the proxy itself, its health check for example";
  EXPECT_EQ(sender("unknown", {}), "unknown");
}

TEST(ClientAddress, AStrangerIsNotBelieved) {
  EXPECT_EQ(sender("192.0.2.7", {{"x-forwarded-for", "203.0.113.1"}}), "192.0.2.7");
  EXPECT_EQ(sender("192.0.2.7", {{"forwarded", "for=203.0.113.1"}}), "192.0.2.7");
  EXPECT_EQ(client_address("10.0.0.1", {{"x-forwarded-for", "203.0.113.1"}}, {})->text(),
            "10.0.0.1")
      << "nobody is trusted";
}

TEST(ClientAddress, IsWhatTheLastTrustedProxySaw) {
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "203.0.113.1"}}), "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.2", {{"x-forwarded-for", "203.0.113.1, 10.0.0.1"}}), "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "10.0.0.9,10.0.0.8"}}), "10.0.0.9")
      << "trusted all the way";
}

// What the sender wrote itself stands to the left of what a proxy of ours adds.
TEST(ClientAddress, WhatTheSenderWroteItselfDoesNotCount) {
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "198.51.100.1, 203.0.113.1"}}), "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.2", {{"x-forwarded-for", "10.0.0.1, 203.0.113.1, 10.0.0.1"}}),
            "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"forwarded", "for=198.51.100.1, for=203.0.113.1"}}),
            "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "garbage, 203.0.113.1"}}), "203.0.113.1");
}

TEST(ClientAddress, ReadsBothHeadersInTheFormsThatProxiesWrite) {
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "203.0.113.1:4711"}}), "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "2001:db8::7"}}), "2001:db8::7");
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "[2001:db8::7]:80"}}), "2001:db8::7");
  EXPECT_EQ(sender("2001:db8:a::1", {{"forwarded", "for=\"[2001:db8::7]:4711\";proto=https"}}),
            "2001:db8::7");
  EXPECT_EQ(sender("10.0.0.1", {{"forwarded", "by=x;For=203.0.113.1;host=\"a,b;c\""}}),
            "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"forwarded", "for=203.0.113.1 , for=10.0.0.7"}}), "203.0.113.1");
}

TEST(ClientAddress, IsUnknownWhereAProxyOfOursDoesNotSayIt) {
  for (const char* list : {"", "unknown", "203.0.113.1, ", "203.0.113.1, _hidden", "[::1"}) {
    EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", list}}), "unknown") << list;
  }
  for (const char* element : {"", "for=unknown", "for=_gazonk", "proto=https", "for=\"[::1\""}) {
    EXPECT_EQ(sender("10.0.0.1", {{"forwarded", element}}), "unknown") << element;
  }
}

// A proxy sets one of the two; the other one is as the sender wrote it.
TEST(ClientAddress, TwoHeadersMustAgree) {
  EXPECT_EQ(
      sender("10.0.0.1", {{"x-forwarded-for", "203.0.113.1"}, {"forwarded", "for=198.51.100.1"}}),
      "unknown");
  EXPECT_EQ(
      sender("10.0.0.1", {{"x-forwarded-for", "203.0.113.1"}, {"forwarded", "for=203.0.113.1"}}),
      "203.0.113.1");
}

// The proxy appends its element with a comma: inside quotes that would be no separator.
TEST(ClientAddress, QuotesOfTheSenderDoNotSwallowTheProxysWord) {
  for (const char* list : {
           R"(for=198.51.100.1;x=", for=203.0.113.1)",
           R"(for=198.51.100.1;x=", for="[2001:db8::7]:4711")",
           R"(for=198.51.100.1;x="\", for="203.0.113.1")",
           R"(for=198.51.100.1;x=", for=203.0.113.1;host="a\"b")",
           R"(for=198.51.100.1;x=", for=203.0.113.1;host=";y=\"")",
           R"(for=198.51.100.1", for="203.0.113.1")",
           R"(for=198.51.100.1;"x, for=203.0.113.1;host="a")",
       }) {
    EXPECT_EQ(sender("10.0.0.1", {{"forwarded", list}}), "unknown") << list;
  }
  EXPECT_EQ(sender("10.0.0.1", {{"forwarded", R"(for=198.51.100.1;x="\"", for=203.0.113.1)"}}),
            "203.0.113.1")
      << "quotes that end where they should";
}

TEST(ClientAddress, InAListQuotesAndWhatFollowsABracketMeanNothing) {
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "[198.51.100.1]\", 203.0.113.1"}}),
            "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "\"198.51.100.1, 203.0.113.1"}}),
            "203.0.113.1");
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "[2001:db8::7]x"}}), "unknown");
}

}  // namespace
}  // namespace backstay::intake
