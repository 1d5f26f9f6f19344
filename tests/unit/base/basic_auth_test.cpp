#include "base/basic_auth.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace backstay {
namespace {

using Verdict = BasicAuth::Verdict;

// "open sesame", and "U*U" at a cost that takes a moment.
constexpr const char* kOfAda = "$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";
constexpr const char* kOfBob = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
constexpr const char* kAdaOpenSesame = "Basic YWRhOm9wZW4gc2VzYW1l";
constexpr const char* kBobUU = "Basic Ym9iOlUqVQ==";
constexpr const char* kEveUU = "Basic ZXZlOlUqVQ==";

std::map<std::string, Secret> users() {
  std::map<std::string, Secret> users;
  users.emplace("ada", Secret(kOfAda));
  users.emplace("bob", Secret(kOfBob));
  return users;
}

TEST(BasicAuth, AcceptsTheRightPasswordOfTheRightUser) {
  BasicAuth auth;
  EXPECT_EQ(auth.check(kAdaOpenSesame, users()), Verdict::accepted);
  EXPECT_EQ(auth.check(kBobUU, users()), Verdict::accepted);
  EXPECT_EQ(auth.check("basic   Ym9iOlUqVQ== ", users()), Verdict::accepted);
  EXPECT_EQ(auth.count(Verdict::accepted), 3U);
}

TEST(BasicAuth, RefusesEverythingElse) {
  BasicAuth auth;
  EXPECT_EQ(auth.check(std::nullopt, users()), Verdict::no_credentials);
  for (const char* header : {"", "Basic", "Basic ", "Bearer Ym9iOlUqVQ==", "Basic Ym9iOlUqVQ",
                             "Basic Ym9i", "Basic ====", "Basic !!!!",
                             "Basic YWRhOlUqVQ==", "Basic YWRhOg==", "Basic OlUqVQ==", kEveUU}) {
    EXPECT_EQ(auth.check(header, users()), Verdict::wrong) << header;
  }
  EXPECT_EQ(auth.count(Verdict::accepted), 0U);
}

TEST(BasicAuth, AnUnknownNameCostsAsMuchAsAWrongPassword) {
  BasicAuth auth;
  EXPECT_EQ(auth.check(kEveUU, users()), Verdict::wrong);
  EXPECT_EQ(auth.hashed(), 1U);
}

// Even where its password is that of the user whose hash stands in for it.
TEST(BasicAuth, AnUnknownNameIsNeverAccepted) {
  BasicAuth auth;
  std::map<std::string, Secret> bob;
  bob.emplace("bob", Secret(kOfBob));
  EXPECT_EQ(auth.check(kEveUU, bob), Verdict::wrong);
  EXPECT_EQ(auth.check(kEveUU, bob), Verdict::wrong);
}

// Though its hash is still there, as another's.
TEST(BasicAuth, AUserWhoIsGoneIsNotRemembered) {
  BasicAuth auth;
  std::map<std::string, Secret> both;
  both.emplace("ada", Secret(kOfBob));
  both.emplace("bob", Secret(kOfBob));
  EXPECT_EQ(auth.check(kBobUU, both), Verdict::accepted);
  both.erase("bob");
  EXPECT_EQ(auth.check(kBobUU, both), Verdict::wrong);
}

TEST(BasicAuth, WhatWasRightOnceIsNotHashedAgain) {
  BasicAuth auth;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(auth.check(kBobUU, users()), Verdict::accepted);
  EXPECT_EQ(auth.hashed(), 1U);
}

TEST(BasicAuth, AChangedHashIsHashedAgain) {
  BasicAuth auth;
  EXPECT_EQ(auth.check(kBobUU, users()), Verdict::accepted);
  std::map<std::string, Secret> changed;
  changed.emplace("bob", Secret(kOfAda));
  EXPECT_EQ(auth.check(kBobUU, changed), Verdict::wrong);
  EXPECT_EQ(auth.hashed(), 2U);
}

// At cost 10 sixty checks, one after the other, take seconds: long before the first is done the
// last has come.
TEST(BasicAuth, ChecksInFlightAreBounded) {
  BasicAuth auth;
  std::map<std::string, Secret> dear;
  dear.emplace("bob", Secret("$2a$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  std::vector<std::thread> senders;
  for (int i = 0; i < 60; ++i) {
    senders.emplace_back([&]() { (void)auth.check(kEveUU, dear); });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(auth.count(Verdict::accepted), 0U);
  EXPECT_EQ(auth.count(Verdict::wrong) + auth.count(Verdict::busy), 60U);
  EXPECT_EQ(auth.count(Verdict::wrong), auth.hashed());
  EXPECT_GT(auth.count(Verdict::busy), 0U);
}

}  // namespace
}  // namespace backstay
