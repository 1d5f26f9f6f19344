#include "base/pg_address.h"

#include <map>

#include <gtest/gtest.h>

namespace backstay::pg {
namespace {

std::vector<std::string> hosts_of(const std::string& url) {
  const auto address = Address::parse(Secret(url));
  return address ? address->by_host() : std::vector<std::string>{address.error().message};
}

TEST(PgAddress, HoldsTheAddressAsLibpqNamesIt) {
  const auto variables =
      environment(Secret("postgresql://me:a%40b@db.example:5433/app?sslmode=require"));
  ASSERT_TRUE(variables);
  std::map<std::string, std::string> seen;
  for (const auto& [name, value] : *variables) seen[name] = value.reveal();
  EXPECT_EQ(seen, (std::map<std::string, std::string>{{"PGHOST", "db.example"},
                                                      {"PGPORT", "5433"},
                                                      {"PGDATABASE", "app"},
                                                      {"PGUSER", "me"},
                                                      {"PGPASSWORD", "a@b"},
                                                      {"PGSSLMODE", "require"}}));
}

TEST(PgAddress, TellsThePasswordsThatItHoldsAsTheyAre) {
  const auto address = Address::parse(
      Secret("postgresql://me:a%40b@db.example/app?sslpassword=of-the-key&sslmode=require"));
  ASSERT_TRUE(address);
  const std::vector<Secret> passwords = address->passwords();
  ASSERT_EQ(passwords.size(), 2U);
  EXPECT_TRUE(passwords[0].equals("a@b"));
  EXPECT_TRUE(passwords[1].equals("of-the-key"));
}

TEST(PgAddress, IsOneForEachHost) {
  const auto hosts = hosts_of("postgresql://me:a%27b@one,two:5433/app?sslmode=require");
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_NE(hosts[0].find(" host='one'"), std::string::npos) << hosts[0];
  EXPECT_EQ(hosts[0].find("port="), std::string::npos) << hosts[0];
  EXPECT_NE(hosts[1].find(" host='two'"), std::string::npos) << hosts[1];
  EXPECT_NE(hosts[1].find(" port='5433'"), std::string::npos) << hosts[1];
  for (const std::string& host : hosts) {
    EXPECT_NE(host.find(" password='a\\'b'"), std::string::npos) << host;
    EXPECT_NE(host.find(" sslmode='require'"), std::string::npos) << host;
    EXPECT_NE(host.find("application_name=backstay"), std::string::npos) << host;
  }
}

TEST(PgAddress, TextIsUtf8WhateverItSays) {
  const auto hosts = hosts_of("host=one client_encoding=LATIN1");
  EXPECT_EQ(hosts.front().find("LATIN1"), std::string::npos);
  EXPECT_NE(hosts.front().find("client_encoding=UTF8"), std::string::npos);
}

TEST(PgAddress, OnePortIsForAllHosts) {
  for (const std::string& host : hosts_of("host=one,two,three port=5433")) {
    EXPECT_NE(host.find(" port='5433'"), std::string::npos) << host;
  }
}

TEST(PgAddress, MasksEachPasswordThatItHolds) {
  const auto address = Address::parse(Secret("host=h password=t0ps3cret sslpassword=al50"));
  ASSERT_TRUE(address);
  EXPECT_EQ(address->masked("t0ps3cret and al50, t0ps3cret"), "… and …, …");
}

TEST(PgAddress, ATimeToConnectThatNeverEndsIsNone) {
  EXPECT_EQ(Address::parse(Secret("connect_timeout=0"))->connect_timeout(), std::nullopt);
  EXPECT_EQ(Address::parse(Secret("host=h"))->connect_timeout(), std::nullopt);
  EXPECT_EQ(Address::parse(Secret("connect_timeout=7"))->connect_timeout(),
            std::chrono::seconds(7));
}

}  // namespace
}  // namespace backstay::pg
