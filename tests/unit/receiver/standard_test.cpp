#include "receiver/intake/standard.h"

#include <gtest/gtest.h>

#include "receiver/intake/signatures.h"

namespace backstay::intake {
namespace {

Parsed parse(const std::string& body, const std::string& id_header = "webhook-id") {
  const Standard provider({SecretSource::literal(Secret("secret"))});
  return provider.parse({{{id_header, "msg_1"}}, body, WallTime()}, "ci");
}

std::optional<Event> event(const std::string& body) {
  const Parsed parsed = parse(body);
  const auto* accepted = std::get_if<Accepted>(&parsed);
  if (accepted == nullptr || accepted->events.size() != 1) return std::nullopt;
  return accepted->events.front();
}

std::string malformed(const std::string& body) {
  const Parsed parsed = parse(body);
  const auto* wrong = std::get_if<Malformed>(&parsed);
  return wrong == nullptr ? "not malformed" : wrong->reason;
}

std::string asks(const std::string& kind, const std::string& release) {
  return R"({"event": ")" + kind + R"(", "release": ")" + release + R"(", "actor": "ada"})";
}

TEST(StandardPayload, EveryEventButAnAlertIsTaken) {
  const std::vector<std::pair<std::string, EventKind>> kinds = {
      {"deploy_requested", EventKind::deploy_requested},
      {"rollback_requested", EventKind::rollback_requested},
      {"backup_requested", EventKind::backup_requested},
      {"deploy_started", EventKind::deploy_started},
      {"deploy_succeeded", EventKind::deploy_succeeded},
      {"deploy_failed", EventKind::deploy_failed}};
  for (const auto& [name, kind] : kinds) {
    const auto found = event(asks(name, "2"));
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->kind, kind);
    EXPECT_EQ(found->source, "ci");
    EXPECT_EQ(found->actor, "ada");
    EXPECT_EQ(found->release, "2");
    EXPECT_EQ(found->dedupe_key, "msg_1");
  }
}

TEST(StandardPayload, AlertsAndUnknownEventsAreIgnored) {
  for (const char* name : {"alert_firing", "alert_resolved", "coffee_requested"}) {
    EXPECT_TRUE(std::holds_alternative<Ignored>(parse(asks(name, "2")))) << name;
  }
}

TEST(StandardPayload, ARollbackAndABackupNeedNoRelease) {
  EXPECT_TRUE(event(R"({"event": "rollback_requested"})"));
  EXPECT_TRUE(event(R"({"event": "backup_requested"})"));
}

TEST(StandardPayload, WhatIsAboutAReleaseMustNameIt) {
  for (const char* name :
       {"deploy_requested", "deploy_started", "deploy_succeeded", "deploy_failed"}) {
    EXPECT_EQ(malformed(R"({"event": ")" + std::string(name) + "\"}"), "release: missing") << name;
  }
}

TEST(StandardPayload, ANameThatIsNoReleaseIsRefused) {
  for (const std::string& name :
       {std::string("--force"), std::string("../x"), std::string(200, 'a'), std::string(),
        std::string("a b"), std::string("a/b")}) {
    EXPECT_EQ(malformed(asks("deploy_requested", name)), "release: not a release's name") << name;
    EXPECT_EQ(malformed(asks("rollback_requested", name)), "release: not a release's name") << name;
  }
  EXPECT_EQ(malformed(R"({"event": "rollback_requested", "release": 1})"),
            "release: not a release's name");
  EXPECT_EQ(malformed(R"({"event": "rollback_requested", "release": null})"),
            "release: not a release's name");
}

TEST(StandardPayload, ADetailThatIsNotUnderstoodCostsTheEventNothing) {
  const auto found = event(
      R"({"event": "deploy_succeeded", "release": "v2", "digest": "latest", "commit": "1a2b3c4"})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->details.commit, "1a2b3c4");
  EXPECT_EQ(found->details.digest, "");
  EXPECT_EQ(found->details.not_understood.count("digest"), 1U);
}

TEST(StandardPayload, WithoutAnActorTheSenderAsked) {
  EXPECT_EQ(event(R"({"event": "backup_requested"})")->actor, "ci");
}

TEST(StandardPayload, TheIdOfSvixHeadersIsTakenToo) {
  const Parsed parsed = parse(asks("deploy_requested", "2"), "svix-id");
  ASSERT_TRUE(std::holds_alternative<Accepted>(parsed));
  EXPECT_EQ(std::get<Accepted>(parsed).events.front().dedupe_key, "msg_1");
}

TEST(StandardPayload, WhatIsNoJsonObjectIsMalformed) {
  const std::string deep(100'000, '[');
  for (const std::string& body :
       {std::string(), std::string("deploy!"), std::string("[]"),
        std::string("\"deploy_requested\""), std::string("{\"event\":"), deep,
        deep + std::string(100'000, ']'), std::string("{\"event\": \"\xff\xfe\"}")}) {
    EXPECT_EQ(malformed(body), "not a JSON object") << body.substr(0, 40);
  }
}

TEST(StandardPayload, WhatIsNestedTooDeeplyIsRefused) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const char* key : {"more", "commit", "release"}) {
    EXPECT_EQ(
        malformed(R"({"event": "backup_requested", ")" + std::string(key) + "\": " + deep + "}"),
        "not a JSON object")
        << key;
  }
}

TEST(StandardPayload, AnEventThatIsNoTextIsMalformed) {
  EXPECT_EQ(malformed("{}"), "event: missing");
  EXPECT_EQ(malformed(R"({"event": ["deploy_requested"]})"), "event: missing");
}

TEST(StandardPayload, IsProvenByItsSignature) {
  const Standard provider({SecretSource::literal(Secret("secret"))});
  const Delivery delivery{
      {{"webhook-id", "msg_1"},
       {"webhook-timestamp", "1614265330"},
       {"webhook-signature", "v1," + to_base64(hmac_sha256("secret", "msg_1.1614265330.{}"))}},
      "{}",
      WallTime(std::chrono::seconds(1'614'265'330))};
  EXPECT_FALSE(provider.authenticate(delivery));
  Delivery late = delivery;
  late.received_at += std::chrono::minutes(6);
  EXPECT_EQ(provider.authenticate(late), AuthFailure::too_old);
}

}  // namespace
}  // namespace backstay::intake
