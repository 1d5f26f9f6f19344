#include "base/redact.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace backstay {
namespace {

constexpr std::size_t kAll = 1 << 20;

// Joined here, so that no file of the repository has what a scanner takes for a secret.
std::string joined(const std::string& left, const std::string& right) { return left + right; }

struct Planted {
  std::string text;
  std::string secret;  // no part of it, four characters long, may come out
};

std::vector<Planted> planted() {
  const std::string stripe = joined("sk_li", "ve_4eC39HqLyjWDarjtT1zdp7dc");
  const std::string github = joined("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a");
  const std::string aws = joined("AKI", "AIOSFODNN7EXAMPLE");
  const std::string slack = joined("xox", "b-17653672481-19874698323-pdFZKVeTuE8sk7oOHcBrzygy");
  const std::string jwt =
      joined("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N");
  const std::string key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj";
  const std::string pem =
      joined("-----BEGIN RSA PRIV", "ATE KEY-----\n" + key + "\n-----END RSA PRIVATE KEY-----");
  return {
      // Keys of providers, wherever they stand.
      {"charge failed with " + stripe, stripe},
      {"x" + stripe + " in a word", stripe},
      {"clone https://" + github + "@github.com/a/b", github},
      {"key%3D" + github, github},
      {"S3 said no to " + aws + ".", aws},
      {"posting to slack as " + slack, slack},
      {"jwt malformed: " + jwt, jwt},
      {"AIza" + std::string("SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"), "HjGw7ISLn_3namBGewQe"},
      {"the key is wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1", "wJalrXUtnFEMIK7MDENGbPxRfiCY"},
      {"cannot read key: " + pem + " behind", key},
      {"-----BEGIN OPENSSH " + std::string("PRIVATE KEY-----\\n") + key, key},  // cut by the logger
      {"the key is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "K7MDENG/bPxRfiCYEXAMPLEKEY"},
      // Credentials of HTTP.
      {"Authorization: Bearer hunter22x", "hunter22x"},
      {"sent with bearer hunter22x to b", "hunter22x"},
      {"header Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy"},
      {"proxy-authorization: Digest username=\"zaphod\", response=\"6629fae4\"", "6629fae4"},
      {R"({"headers":{"authorization":"Bearer hunter22x","a":1}})", "hunter22x"},
      {"['Authorization', 'Token hunter22x']", "hunter22x"},
      {"Set-Cookie: sid=zaphod42; Path=/; HttpOnly", "zaphod42"},
      {"cookie: a=zaphod42; b=beeble17", "beeble17"},
      {"X-Api-Key: zaphod42", "zaphod42"},
      // Names and values, as all kinds of programs write them.
      {"login failed password=hunter22x", "hunter22x"},
      {"login failed password = hunter22x", "hunter22x"},
      {"login failed, password: hunter22x, user: bob", "hunter22x"},
      {"{password: hun,t)er22x}", "t)er22x"},
      {"DB_PASSWORD=hunter&22x", "hunter&22x"},
      {R"({"password":"hunter \"22x"})", "22x"},
      {R"({\"password\":\"hunter22x\",\"a\":1})", "hunter22x"},
      {R"({\\\"password\\\":\\\"hunter22x\\\"})", "hunter22x"},
      {"{'userPassword': b'hunter22x'}", "hunter22x"},
      {":password=>\"hunter22x\"", "hunter22x"},
      {"[password] => hunter22x", "hunter22x"},
      {"[\"password\"]=> string(9) \"hunter 22x\"", "hunter 22x"},
      {"<password>hunter22x</password>", "hunter22x"},
      {"pg_dump --password hunter22x", "hunter22x"},
      {"ALTER USER bob PASSWORD 'hunter''22x'", "hunter''22x"},
      {"client_secret=hunter22x", "hunter22x"},
      {"accessToken: \"hunter22x\"", "hunter22x"},
      {"tokens: [hunter22x, beeble17]", "beeble17"},
      {"pin: 4711-0815", "4711-0815"},
      // URLs and connection strings.
      {"postgresql://bob:hunter22x@db:5432/app", "hunter22x"},
      {"postgresql://bob:hun@ter/22x@db:5432/app", "ter/22x"},
      {"redis://:hunter22x@cache:6379", "hunter22x"},
      {"bob:hunter22x@tcp(db:3306)/app", "hunter22x"},
      {"host=db user=bob password='hunter 22x' dbname=app", "hunter 22x"},
      {"Server=db;User Id=bob;Password=hunter22x;Database=app", "hunter22x"},
      {"GET /callback?code=zaphod42&x=1", "zaphod42"},
      {"GET /a?x=1&api_key=zaphod42&y=2", "zaphod42"},
      {"GET /a?next=%2Fb%3Ftoken%3Dzaphod42", "zaphod42"},
      {"https://s3/x?X-Amz-Signature=zaphod42", "zaphod42"},
      // Payment cards.
      {"declined 4111111111111111", "4111111111111111"},
      {"declined 5500 0055 5555 5559 today", "5500 0055 5555 5559"},
      {"order 12 4111-1111-1111-1111", "4111-1111-1111"},
  };
}

// A secret that is left in part is a secret that is told.
void expect_without(const std::string& shown, const Planted& planted) {
  std::string told;
  for (std::size_t i = 0; i + 4 <= planted.secret.size(); ++i) {
    const std::string part = planted.secret.substr(i, 4);
    if (shown.find(part) != std::string::npos) told += part + " ";
  }
  EXPECT_EQ(told, "") << planted.text << "\n became \n" << shown;
}

TEST(Redact, NoPlantedSecretComesOut) {
  for (const Planted& one : planted()) {
    const std::string shown = redact(one.text, kAll);
    expect_without(shown, one);
    EXPECT_NE(shown.find("[redacted]"), std::string::npos) << one.text;
  }
}

TEST(Redact, ASecretAcrossTheCutDoesNotComeOutInPart) {
  for (const Planted& one : planted()) {
    for (std::size_t before = 0; before < 80; before += 3) {
      const std::string text = std::string(before, '.') + " " + one.text;
      expect_without(redact(text, 64).substr(0, 64), one);
    }
  }
}

TEST(Redact, TwiceIsOnce) {
  for (const Planted& one : planted()) {
    const std::string shown = redact(one.text, kAll);
    EXPECT_EQ(redact(shown, kAll), shown);
  }
}

TEST(Redact, WhatIsNoSecretStays) {
  for (const std::string text : {"",
                                 "connection refused",
                                 "SyntaxError: Unexpected token < in JSON at position 0",
                                 "TokenExpiredError: jwt expired",
                                 "io.jsonwebtoken.ExpiredJwtException: late",
                                 "at parse (/app/token.js:12:5)",
                                 "  File \"/app/auth/token.py\", line 12, in password",
                                 "app/models/session.rb:12:in `find'",
                                 "in /src/Token.cs:line 12",
                                 "\tat com.example.PasswordService.check(PasswordService.java:41)",
                                 "https://example.com:8443/a/b?page=2&sort=name",
                                 "dial tcp 10.0.0.7:5432: refused",
                                 "user bob@example.com was not found",
                                 "password is too short",
                                 "token=null",
                                 "using the basic plan",
                                 "the bearer token is missing",
                                 "sha 9fceb02d0ae598e95dc970b74767f19372d61af8",
                                 "550e8400-e29b-41d4-a716-446655440000",
                                 "at 1764079512123 ms",
                                 "task-12345678901234567890",
                                 "4111111111111112",
                                 "ActionController::InvalidAuthenticityToken"}) {
    EXPECT_EQ(redact(text, kAll), text);
  }
}

TEST(Redact, WhatStandsAroundASecretStays) {
  EXPECT_EQ(redact("a password=x1y2z3 b", kAll), "a password=[redacted] b");
  EXPECT_EQ(redact("{\"token\":\"x1y2z3\",\"a\":1}", kAll), "{\"token\":[redacted],\"a\":1}");
  EXPECT_EQ(redact("at postgresql://bob:pw@db:5432/app now", kAll),
            "at postgresql://[redacted]@db:5432/app now");
  EXPECT_EQ(redact("/a?token=x1y2z3&page=2", kAll), "/a?token=[redacted]&page=2");
}

// What is odd costs no more than its length: none of these may look at everything again and again.
TEST(Redact, AnyTextIsReadInLinearTime) {
  constexpr std::size_t kBytes = 1 << 18;
  for (const std::string part :
       {"a:", "://", "password='", "[", "token:[", "\\\"", "eyJ", "=", "Bearer ", "token: bearer ",
        "-----BEGIN ", "a:b@", "4", "4 ", "?key=", "<token>", "'", "password", "-"}) {
    std::string text;
    while (text.size() < kBytes) text += part;
    EXPECT_LE(redact(text, kAll).size(), text.size() + 10 * text.size() / part.size());
  }
}

}  // namespace
}  // namespace backstay
