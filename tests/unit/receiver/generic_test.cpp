#include "receiver/intake/generic.h"

#include <gtest/gtest.h>

#include "tests/unit/receiver/provider_fixture.h"

namespace backstay::intake {
namespace {

using test::authenticate;
using test::event;
using test::ignored;
using test::malformed;
using test::secrets;

GenericConfig vercel() {
  GenericConfig config;
  config.signature = GenericConfig::Signature::hmac_sha1;
  config.header = "x-vercel-signature";
  config.event = "/type";
  config.id = "/id";
  config.release = "/payload/deployment/id";
  config.environment = "/payload/target";
  config.events = {{"deployment.succeeded", EventKind::deploy_succeeded},
                   {"rollback", EventKind::rollback_requested}};
  return config;
}

Parsed parse(const std::string& body) {
  const Generic provider(secrets({"test-secret"}), vercel());
  return provider.parse({{}, body, WallTime()}, "host");
}

TEST(GenericPayload, FieldsAreWhereTheConfigurationSays) {
  const auto found = event(parse(R"({"type": "deployment.succeeded", "id": 17,
      "payload": {"target": "production", "deployment": {"id": "dpl_2"}}})"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_succeeded);
  EXPECT_EQ(found->release, "dpl_2");
  EXPECT_EQ(found->dedupe_key, "deployment.succeeded 17");
  EXPECT_EQ(found->actor, "host");
  EXPECT_EQ(found->labels.at("environment"), "production");
}

TEST(GenericPayload, AWordThatIsNotInTheMapIsIgnored) {
  EXPECT_TRUE(ignored(parse(R"({"type": "project.created", "id": "1"})")));
}

TEST(GenericPayload, AReleaseThatIsNamedBadlyIsNotTakenForNone) {
  EXPECT_TRUE(event(parse(R"({"type": "rollback", "id": "1"})")));
  for (const char* release : {R"("--force")", R"("")", "{}", "null", "-1"}) {
    EXPECT_EQ(
        malformed(parse(R"({"type": "rollback", "id": "1", "payload": {"deployment": {"id": )" +
                        std::string(release) + "}}}")),
        "/payload/deployment/id: not a release's name")
        << release;
  }
}

TEST(GenericPayload, WhatIsMissingIsNamed) {
  EXPECT_EQ(malformed(parse("{}")), "/type: missing");
  EXPECT_EQ(malformed(parse(R"({"type": "rollback"})")), "/id: missing");
  EXPECT_EQ(malformed(parse(R"({"type": "deployment.succeeded", "id": "1"})")),
            "/payload/deployment/id: not a release's name");
}

TEST(GenericSignature, IsOfTheConfiguredForm) {
  const std::string body = R"({"type":"deployment.error"})";
  const std::string sha1 = "fee3f63ae01331b1d81a389e3c52ad541af44eba";
  const Generic provider(secrets({"test-secret"}), vercel());
  EXPECT_FALSE(authenticate(provider, "x-vercel-signature", sha1, body));
  GenericConfig config = vercel();
  config.signature = GenericConfig::Signature::token;
  const Generic by_token(secrets({"test-secret"}), config);
  EXPECT_FALSE(authenticate(by_token, "x-vercel-signature", "test-secret", body));
  EXPECT_EQ(authenticate(by_token, "x-vercel-signature", sha1, body), AuthFailure::wrong);
}

TEST(GenericConfiguration, AWrongPointerIsNamed) {
  EXPECT_FALSE(Generic::fault_of_pointer("/a/0/b~1c"));
  for (const char* pointer : {"", "type", "/a~2", "/a/99999999999999999999"}) {
    EXPECT_TRUE(Generic::fault_of_pointer(pointer)) << pointer;
  }
}

TEST(GenericPayload, WhatIsToldOfAReleaseIsWhereTheConfigurationSays) {
  GenericConfig config = vercel();
  config.details = {{"commit", "/payload/sha"}, {"rework", ""}, {"rollback_safe", "/safe"}};
  const Generic provider({SecretSource::literal(Secret("test-secret"))}, config);
  const auto parse_with = [&](const std::string& rest) {
    const std::string body = R"({"type": "deployment.succeeded", "id": 17, "payload":
        {"deployment": {"id": "dpl_2"}, "sha": "1a2b3c4"}, )" +
                             rest + "}";
    return provider.parse({{}, body, WallTime()}, "host");
  };
  const auto found = event(parse_with(R"("safe": false)"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->details.commit, "1a2b3c4");
  EXPECT_EQ(found->details.rollback_safe, false);
  const auto unclear = event(parse_with(R"("safe": "perhaps")"));
  ASSERT_TRUE(unclear);
  EXPECT_EQ(unclear->details.rollback_safe, false);
  EXPECT_EQ(unclear->details.not_understood.at("rollback_safe"), "/safe: expected true or false");
}

TEST(GenericPayload, WhatIsNestedTooDeeplyIsRefused) {
  GenericConfig config = vercel();
  config.details = {{"commit", "/payload/sha"}};
  const Generic provider(secrets({"test-secret"}), config);
  const std::string body =
      R"({"type": "deployment.succeeded", "id": 17, "payload": {"deployment": {"id": "dpl_2"}, "sha": )" +
      std::string(100'000, '[') + std::string(100'000, ']') + "}}";
  EXPECT_EQ(malformed(provider.parse({{}, body, WallTime()}, "host")), "not a JSON object");
}

}  // namespace
}  // namespace backstay::intake
