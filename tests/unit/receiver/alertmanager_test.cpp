#include "receiver/intake/alertmanager.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"

namespace backstay::intake {
namespace {

constexpr const char* kFiring = R"({"status": "firing",
  "labels": {"alertname": "ErrorRatioHigh", "service": "shop", "action": "rollback"},
  "annotations": {"summary": "a third of all requests fail"},
  "startsAt": "2026-11-23T08:00:10.123456789Z", "endsAt": "0001-01-01T00:00:00Z",
  "generatorURL": "http://prometheus:9090/graph", "fingerprint": "c2bb5f5f0f5a5a5a"})";
constexpr const char* kResolved = R"({"status": "resolved",
  "labels": {"alertname": "ErrorRatioHigh", "service": "shop"},
  "startsAt": "2026-11-23T08:00:10Z", "endsAt": "2026-11-23T08:05:00Z",
  "fingerprint": "c2bb5f5f0f5a5a5a"})";

// A group as Alertmanager sends it, with fields that newer versions added.
std::string group(const std::string& alerts, int truncated = 0) {
  return R"({"version": "4", "groupKey": "{}:{alertname=\"ErrorRatioHigh\"}", "truncatedAlerts": )" +
         std::to_string(truncated) + R"(, "status": "firing", "receiver": "backstay",
    "groupLabels": {"alertname": "ErrorRatioHigh"}, "commonLabels": {}, "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093", "notification_reason": "first",
    "routeLabels": {"a": "b"}, "alerts": [)" +
         alerts + "]}";
}

Parsed parse(const std::string& body) {
  const Alertmanager provider({SecretSource::literal(Secret("token"))});
  return provider.parse({{}, body, WallTime()}, "am");
}

std::vector<Event> events(const std::string& body) {
  const Parsed parsed = parse(body);
  const auto* accepted = std::get_if<Accepted>(&parsed);
  return accepted == nullptr ? std::vector<Event>() : accepted->events;
}

std::string malformed(const std::string& body) {
  const Parsed parsed = parse(body);
  const auto* wrong = std::get_if<Malformed>(&parsed);
  return wrong == nullptr ? "not malformed" : wrong->reason;
}

TEST(AlertmanagerPayload, AFiringAlertIsAnEvent) {
  const auto found = events(group(kFiring));
  ASSERT_EQ(found.size(), 1u);
  const Event& event = found.front();
  EXPECT_EQ(event.kind, EventKind::alert_firing);
  EXPECT_EQ(event.source, "am");
  EXPECT_EQ(event.actor, "alertmanager");
  EXPECT_EQ(event.subject, "ErrorRatioHigh");
  EXPECT_EQ(event.release, "");
  EXPECT_EQ(event.labels.at("action"), "rollback");
  EXPECT_EQ(format_rfc3339(event.began_at.value_or(WallTime())), "2026-11-23T08:00:10.123Z");
}

TEST(AlertmanagerPayload, AResolvedAlertIsAnEvent) {
  const auto found = events(group(kResolved));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().kind, EventKind::alert_resolved);
}

TEST(AlertmanagerPayload, EachAlertOfAGroupIsAnEventOfItsOwn) {
  const auto found = events(group(std::string(kFiring) + "," + kResolved));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].kind, EventKind::alert_firing);
  EXPECT_EQ(found[1].kind, EventKind::alert_resolved);
  EXPECT_NE(found[0].dedupe_key, found[1].dedupe_key);
}

TEST(AlertmanagerPayload, TheKeyIsTheSameFromBothOfAPairAndForEachRepetition) {
  std::string other = group(kFiring);
  other.replace(other.find("alertmanager:9093"), 17, "alertmanager2:909");
  EXPECT_EQ(events(group(kFiring)).at(0).dedupe_key, events(other).at(0).dedupe_key);
}

TEST(AlertmanagerPayload, AnAlertThatBeganAnewIsAnotherEvent) {
  std::string again = kFiring;
  again.replace(again.find("08:00:10"), 8, "09:00:10");
  EXPECT_NE(events(group(kFiring)).at(0).dedupe_key, events(group(again)).at(0).dedupe_key);
}

TEST(AlertmanagerPayload, WithoutAFingerprintTheLabelsTellAlertsApart) {
  const auto alert = [](const std::string& service) {
    return R"({"status": "firing", "labels": {"alertname": "A", "service": ")" + service +
           R"("}, "startsAt": "2026-11-23T08:00:10Z"})";
  };
  EXPECT_NE(events(group(alert("shop"))).at(0).dedupe_key,
            events(group(alert("mail"))).at(0).dedupe_key);
}

TEST(AlertmanagerPayload, OfAGroupThatWasCutShortNoResolveIsTrusted) {
  const auto found = events(group(std::string(kFiring) + "," + kResolved, 3));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().kind, EventKind::alert_firing);
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse(group(kResolved, 1))));
}

TEST(AlertmanagerPayload, AnEmptyGroupIsIgnored) {
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse(group(""))));
}

TEST(AlertmanagerPayload, WhatIsWrongIsNamed) {
  EXPECT_EQ(malformed("firing!"), "not a JSON object");
  EXPECT_EQ(malformed("[]"), "not a JSON object");
  EXPECT_EQ(malformed("{}"), "alerts: not a list");
  EXPECT_EQ(malformed(R"({"alerts": {}})"), "alerts: not a list");
  EXPECT_EQ(malformed(group("5")), "alerts[0].not an object");
  EXPECT_EQ(malformed(group(R"({"status": "suppressed"})")),
            "alerts[0].status: neither firing nor resolved");
  EXPECT_EQ(malformed(group(R"({"status": "firing"})")), "alerts[0].labels: not an object");
  EXPECT_EQ(malformed(group(R"({"status": "firing", "labels": {"alertname": 5}})")),
            "alerts[0].labels: a value is not text");
  EXPECT_EQ(malformed(group(R"({"status": "firing", "labels": {"a": "b"}})")),
            "alerts[0].labels.alertname: missing");
  EXPECT_EQ(malformed(group(std::string(kFiring) + R"(,{"status": "firing",
    "labels": {"alertname": "A"}})")),
            "alerts[1].startsAt: not a time in RFC 3339 (2026-11-23T08:13:04Z)");
}

TEST(AlertmanagerPayload, ATimeThatIsNoneIsNamedAndNotQuoted) {
  std::string alert = kFiring;
  alert.replace(alert.find("2026-11-23T08:00:10.123456789Z"), 30, "<script>");
  const std::string reason = malformed(group(alert));
  EXPECT_EQ(reason.rfind("alerts[0].startsAt: ", 0), 0u) << reason;
  EXPECT_EQ(reason.find("script"), std::string::npos) << reason;
}

TEST(AlertmanagerPayload, AThousandAlertsAreTakenAndNoMore) {
  std::string alerts;
  for (int i = 0; i < 1000; ++i) {
    alerts += std::string(i == 0 ? "" : ",") +
              R"({"status": "firing", "labels": {"alertname": "A)" + std::to_string(i) +
              R"("}, "startsAt": "2026-11-23T08:00:10Z"})";
  }
  EXPECT_EQ(events(group(alerts)).size(), 1000u);
  EXPECT_EQ(malformed(group(alerts + "," + kFiring)), "alerts: more than 1000");
}

TEST(AlertmanagerPayload, IsProvenByItsBearerToken) {
  const Alertmanager provider({SecretSource::literal(Secret("token"))});
  EXPECT_FALSE(provider.authenticate({{{"authorization", "Bearer token"}}, "", WallTime()}));
  EXPECT_EQ(provider.authenticate({{{"authorization", "Bearer guess"}}, "", WallTime()}),
            AuthFailure::wrong);
}

}  // namespace
}  // namespace backstay::intake
