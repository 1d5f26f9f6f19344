#include "receiver/intake/netlify.h"

#include <gtest/gtest.h>

#include "receiver/intake/digests.h"
#include "tests/unit/receiver/provider_fixture.h"

namespace backstay::intake {
namespace {

using test::event;
using test::ignored;
using test::malformed;
using test::secrets;

std::string base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text.substr(0, text.find('='));
}

std::string jws(const std::string& body, const std::string& issuer = "netlify") {
  const std::string text =
      base64url(R"({"alg":"HS256"})") + "." +
      base64url(R"({"iss":")" + issuer + R"(","sha256":")" + to_hex(sha256(body)) + R"("})");
  return text + "." + base64url(hmac_sha256("secret", text));
}

std::optional<AuthFailure> check(const std::string& header, const std::string& body) {
  const Netlify provider(secrets({"the next", "secret"}));
  return test::authenticate(provider, "x-webhook-signature", header, body);
}

std::string deploy(const std::string& state, const std::string& id = "5ebc34bf4fea0b01f02efa3a") {
  return R"({"id": ")" + id +
         R"(", "site_id": "fa4dd95a-994e-4f89-8a7a-2d9e9fc36a32", "state": ")" + state +
         R"(", "name": "www", "commit_ref": "c0ffee", "branch": "main",
      "context": "production"})";
}

Parsed parse(const std::string& body, const std::string& kind = "deploy_created") {
  const Netlify provider(secrets({"secret"}));
  return provider.parse({{{"x-netlify-event", kind}}, body, WallTime()}, "site");
}

TEST(NetlifySignature, IsOverTheBodysHash) {
  EXPECT_FALSE(check(jws("{}"), "{}"));
  EXPECT_EQ(check(jws("{}"), "{ }"), AuthFailure::wrong);
  EXPECT_EQ(check(jws("{}", "netlifly"), "{}"), AuthFailure::wrong) << "another issuer";
  EXPECT_EQ(check(jws("{}") + "AA", "{}"), AuthFailure::malformed);
  EXPECT_EQ(check("", "{}"), AuthFailure::no_credentials);
}

TEST(NetlifyPayload, TellsHowADeployWent) {
  const auto found = event(parse(deploy("ready")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_succeeded);
  EXPECT_EQ(found->release, "5ebc34bf4fea0b01f02efa3a");
  EXPECT_EQ(found->dedupe_key, "5ebc34bf4fea0b01f02efa3a ready");
  EXPECT_EQ(found->labels.at("environment"), "production");
  EXPECT_EQ(found->labels.at("commit"), "c0ffee");
  EXPECT_EQ(event(parse(deploy("building")))->kind, EventKind::deploy_started);
  EXPECT_EQ(event(parse(deploy("error")))->kind, EventKind::deploy_failed);
}

TEST(NetlifyPayload, WhatSaysNothingNewIsIgnored) {
  EXPECT_TRUE(ignored(parse(deploy("uploading"))));
  EXPECT_TRUE(ignored(parse(deploy("ready"), "deploy_locked")));
}

TEST(NetlifyPayload, WhatIsWrongIsNamed) {
  EXPECT_EQ(malformed(parse(deploy("ready", "--force"))), "id: not a deploy's id");
  EXPECT_EQ(malformed(parse(deploy(""))), "state: missing");
  EXPECT_EQ(malformed(parse("[]")), "not a JSON object");
}

}  // namespace
}  // namespace backstay::intake
