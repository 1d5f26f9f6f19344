#include "receiver/intake/cloudflare.h"

#include <gtest/gtest.h>

#include "tests/unit/receiver/provider_fixture.h"

namespace backstay::intake {
namespace {

using test::authenticate;
using test::event;
using test::ignored;
using test::malformed;
using test::secrets;

std::string alert(const std::string& what, const std::string& more = "") {
  return R"({"name": "Origin errors", "text": "…", "data": {}, "ts": 1136214245,
      "account_id": "9035f536", "policy_id": "c6a5d8f4", "policy_name": "Origin errors",
      "alert_type": "http_alert_origin_error", "alert_correlation_id": "a7b2", "alert_event": ")" +
         what + "\"" + more + "}";
}

Parsed parse(const std::string& body) {
  const Cloudflare provider(secrets({"secret"}));
  return provider.parse({{}, body, WallTime()}, "cf");
}

TEST(CloudflareToken, IsInItsHeader) {
  const Cloudflare provider(secrets({"new", "old"}));
  EXPECT_FALSE(authenticate(provider, "cf-webhook-auth", "old", "{}"));
  EXPECT_EQ(authenticate(provider, "cf-webhook-auth", "older", "{}"), AuthFailure::wrong);
}

TEST(CloudflarePayload, AnAlertStartsAndEnds) {
  const auto found = event(parse(alert("ALERT_STATE_EVENT_START")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::alert_firing);
  EXPECT_EQ(found->subject, "Origin errors");
  EXPECT_EQ(found->labels.at("alert_type"), "http_alert_origin_error");
  EXPECT_EQ(found->began_at, WallTime(std::chrono::seconds(1'136'214'245)));
  EXPECT_EQ(found->dedupe_key, "c6a5d8f4 a7b2 ALERT_STATE_EVENT_START");
  EXPECT_EQ(event(parse(alert("ALERT_STATE_EVENT_END")))->kind, EventKind::alert_resolved);
}

TEST(CloudflarePayload, TheTestOfADestinationIsAnsweredWell) {
  EXPECT_TRUE(ignored(parse(R"({"text": "Hello World! This is a test message."})")));
  EXPECT_TRUE(ignored(parse(alert("ALERT_STATE_EVENT_UNSPECIFIED"))));
}

TEST(CloudflarePayload, WhatIsWrongIsNamed) {
  const std::string start = R"({"alert_type": "x", "alert_event": "ALERT_STATE_EVENT_START")";
  EXPECT_EQ(malformed(parse(start + "}")), "policy_id: missing");
  EXPECT_EQ(malformed(parse(start + R"(, "policy_id": "p"})")), "alert_correlation_id: missing");
  EXPECT_EQ(
      malformed(parse(start + R"(, "policy_id": "p", "alert_correlation_id": "c", "ts": -1})")),
      "ts: no time in seconds");
}

}  // namespace
}  // namespace backstay::intake
