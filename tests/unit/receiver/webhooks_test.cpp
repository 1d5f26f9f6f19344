#include "receiver/intake/webhooks.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "receiver/intake/signatures.h"
#include "tests/manual_clock.h"

namespace backstay::intake {
namespace {

constexpr const char* kSecret = "a-secret-nobody-may-see";

// Three webhooks in front of a journal that remembers keys, or is full.
struct WebhooksTest : ::testing::Test {
  WebhooksTest() {
    const auto secret = SecretSource::literal(Secret(kSecret));
    WebhookConfig by_user{"user", "alertmanager", {}};
    by_user.basic_auth_user = "alertmanager";
    WebhookConfig listed{"listed", "github", {secret}};
    listed.allow_from = {*IpNetwork::parse("203.0.113.0/24"), *IpNetwork::parse("2001:db8::/32")};
    WebhookConfig slow{"slow", "github", {secret}};
    slow.rate_limit = {0.5, 2};
    auto created =
        Webhooks::create({{"am", "alertmanager", {secret}},
                          {"ci", "github", {secret}},
                          {"std", "standard", {secret}},
                          by_user,
                          listed,
                          slow},
                         [this](const std::vector<Event>& events) { return append(events); }, clock,
                         registry, {*IpNetwork::parse("10.0.0.0/24")});
    if (created) webhooks = std::move(*created);
  }
  Result<Appended> append(const std::vector<Event>& events) {
    if (is_full) return fail("journal: database or disk is full");
    Appended appended;
    appended.is_full = has_no_room;
    if (has_no_room) return appended;
    for (const Event& event : events) {
      taken.push_back(event);
      (keys.insert(event.source + event.dedupe_key).second ? appended.stored
                                                           : appended.duplicates) += 1;
    }
    return appended;
  }
  static Request post(const std::string& path, const std::string& body,
                      std::map<std::string, std::string> headers) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers = std::move(headers);
    request.remote_address = "192.0.2.7";
    return request;
  }
  static Request github(const std::string& kind, const std::string& body) {
    return post("/webhooks/ci", body,
                {{"x-github-event", kind},
                 {"x-github-delivery", "72d3162e"},
                 {"x-hub-signature-256", "sha256=" + to_hex(hmac_sha256(kSecret, body))}});
  }
  // The deployment, to another webhook of GitHub, from there.
  static Request from(const std::string& address, const std::string& webhook,
                      const std::map<std::string, std::string>& more_headers = {});
  double addresses_refused(const std::string& reason) const {
    return counted("backstay_receiver_addresses_refused_total", "listed", "reason", reason);
  }
  static Request alert(const std::string& token, int alerts = 1) {
    std::string list;
    for (int i = 0; i < alerts; ++i) {
      list += std::string(i == 0 ? "" : ",") + R"({"status": "firing", "fingerprint": ")" +
              std::to_string(i) +
              R"(", "labels": {"alertname": "A"}, "startsAt": "2026-11-23T08:00:10Z"})";
    }
    return post("/webhooks/am", R"({"version": "4", "alerts": [)" + list + "]}",
                {{"authorization", "Bearer " + token}});
  }
  double counted(const std::string& metric, const std::string& webhook, const std::string& label,
                 const std::string& value) const {
    for (const auto& family : registry.Collect()) {
      if (family.name != metric) continue;
      for (const auto& one : family.metric) {
        std::map<std::string, std::string> labels;
        for (const auto& pair : one.label) labels[pair.name] = pair.value;
        if (labels["webhook"] == webhook && labels[label] == value) return one.counter.value;
      }
    }
    return 0;
  }
  double outcomes(const std::string& webhook, const std::string& outcome) const {
    return counted("backstay_receiver_webhooks_total", webhook, "outcome", outcome);
  }
  double auth_failures(const std::string& webhook, const std::string& reason) const {
    return counted("backstay_receiver_auth_failures_total", webhook, "reason", reason);
  }

  test::ManualClock clock;
  prometheus::Registry registry;
  std::set<std::string> keys;
  std::vector<Event> taken;
  bool is_full = false;
  bool has_no_room = false;
  std::unique_ptr<Webhooks> webhooks;
};

const std::string kDeployment =
    R"({"action": "created", "deployment": {"id": 1, "ref": "v2"}, "sender": {"login": "ada"}})";

Request WebhooksTest::from(const std::string& address, const std::string& webhook,
                           const std::map<std::string, std::string>& more_headers) {
  Request request = github("deployment", kDeployment);
  request.path = "/webhooks/" + webhook;
  request.remote_address = address;
  request.headers.insert(more_headers.begin(), more_headers.end());
  return request;
}

TEST_F(WebhooksTest, ANewEventIs202) {
  const Response response = webhooks->handle(github("deployment", kDeployment));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"duplicates":0,"stored":1})");
  EXPECT_EQ(keys.size(), 1u);
  EXPECT_EQ(outcomes("ci", "stored"), 1);
}

TEST_F(WebhooksTest, TheSameEventAgainIs200) {
  webhooks->handle(github("deployment", kDeployment));
  const Response response = webhooks->handle(github("deployment", kDeployment));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"duplicates":1,"stored":0})");
  EXPECT_EQ(outcomes("ci", "duplicate"), 1);
}

TEST_F(WebhooksTest, ADetailThatIsNotUnderstoodIsCountedAndTheSenderToldOfIt) {
  const std::string body = R"({"action": "created", "deployment": {"id": 1, "ref": "v2",
      "payload": {"rollback_safe": "perhaps"}}, "sender": {"login": "ada"}})";
  const std::string named = R"("not_understood":{"rollback_safe":"expected true or false"})";
  const Response response = webhooks->handle(github("deployment", body));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"duplicates":0,)" + named + R"(,"stored":1})");
  const Response again = webhooks->handle(github("deployment", body));
  EXPECT_EQ(again.body, R"({"duplicates":1,)" + named + R"(,"stored":0})");
  EXPECT_EQ(counted("backstay_receiver_details_not_understood_total", "ci", "key", "rollback_safe"),
            1);
}

TEST_F(WebhooksTest, AGroupWithOneNewAlertIs202) {
  webhooks->handle(alert(kSecret, 1));
  const Response response = webhooks->handle(alert(kSecret, 3));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"duplicates":1,"stored":2})");
}

TEST_F(WebhooksTest, AKindThatIsIgnoredIs200) {
  const Response response = webhooks->handle(github("ping", "{}"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"ignored":"kind ping"})");
  EXPECT_EQ(outcomes("ci", "ignored"), 1);
  EXPECT_TRUE(keys.empty());
}

TEST_F(WebhooksTest, WhatIsNotUnderstoodIs400AndSaysWhere) {
  const Response response = webhooks->handle(github("deployment", "not JSON"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"error":"not a JSON object"})");
  EXPECT_EQ(outcomes("ci", "malformed"), 1);
}

TEST_F(WebhooksTest, WhatIsNotGenuineIs401AndLearnsNothing) {
  Request unsigned_one = github("deployment", kDeployment);
  unsigned_one.headers.erase("x-hub-signature-256");
  Request forged = github("deployment", kDeployment);
  forged.body += " ";
  Request garbled = github("deployment", kDeployment);
  garbled.headers["x-hub-signature-256"] = "sha256=no";
  for (const Request& request : {unsigned_one, forged, garbled}) {
    const Response response = webhooks->handle(request);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.body, R"({"error":"unauthorized"})") << "the same for each reason";
  }
  EXPECT_EQ(outcomes("ci", "unauthorized"), 3);
  EXPECT_EQ(auth_failures("ci", "no_credentials"), 1);
  EXPECT_EQ(auth_failures("ci", "wrong"), 1);
  EXPECT_EQ(auth_failures("ci", "malformed"), 1);
  EXPECT_TRUE(keys.empty());
}

TEST_F(WebhooksTest, AReplayedDeliveryIsTooOldByOurClock) {
  const std::string body = R"({"event": "backup_requested"})";
  const auto sent =
      std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch());
  const std::string time = std::to_string(sent.count());
  const Request request =
      post("/webhooks/std", body,
           {{"webhook-id", "msg_1"},
            {"webhook-timestamp", time},
            {"webhook-signature",
             "v1," + to_base64(hmac_sha256(kSecret, "msg_1." + time + "." + body))}});
  EXPECT_EQ(webhooks->handle(request).status, 202);
  EXPECT_EQ(webhooks->handle(request).status, 200) << "within the window it is a duplicate";
  clock.advance(std::chrono::minutes(6));
  EXPECT_EQ(webhooks->handle(request).status, 401);
  EXPECT_EQ(auth_failures("std", "too_old"), 1);
}

TEST_F(WebhooksTest, ByAPasswordOnlyTheOneUserIsGenuine) {
  Request request = alert(kSecret);
  request.path = "/webhooks/user";
  EXPECT_EQ(webhooks->handle(request).status, 401) << "a bearer token does not count here";
  request.user = "prometheus";
  EXPECT_EQ(webhooks->handle(request).status, 401) << "its own password reads metrics, no more";
  EXPECT_EQ(auth_failures("user", "no_credentials"), 1);
  EXPECT_EQ(auth_failures("user", "wrong"), 1);
  request.user = "alertmanager";
  EXPECT_EQ(webhooks->handle(request).status, 202);
}

TEST_F(WebhooksTest, AUsersPasswordIsNoProofWhereASecretIs) {
  Request request = alert("wrong");
  request.user = "alertmanager";
  EXPECT_EQ(webhooks->handle(request).status, 401);
}

TEST_F(WebhooksTest, OnlyWhoIsOnTheListMaySend) {
  for (const char* address : {"203.0.113.9", "2001:db8::1", "::ffff:203.0.113.9"}) {
    EXPECT_LT(webhooks->handle(from(address, "listed")).status, 300) << address;
  }
  ::testing::internal::CaptureStderr();
  const Response response = webhooks->handle(from("192.0.2.7", "listed"));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"error":"forbidden"})");
  EXPECT_NE(logged.find("192.0.2.7"), std::string::npos) << logged;
  EXPECT_EQ(outcomes("listed", "forbidden"), 1);
  EXPECT_EQ(addresses_refused("not_listed"), 1);
  EXPECT_LT(webhooks->handle(from("192.0.2.7", "ci")).status, 300) << "others have no list";
}

TEST_F(WebhooksTest, TheAddressThatATrustedProxySawCounts) {
  const auto status = [&](const std::string& peer, const std::string& list) {
    return webhooks->handle(from(peer, "listed", {{"x-forwarded-for", list}})).status;
  };
  EXPECT_EQ(status("10.0.0.1", "203.0.113.9"), 202);
  EXPECT_EQ(status("10.0.0.1", "203.0.113.9, 192.0.2.7"), 403) << "the sender wrote the first";
  EXPECT_EQ(status("192.0.2.7", "203.0.113.9"), 403) << "no proxy of ours";
  EXPECT_EQ(addresses_refused("not_listed"), 2);
  EXPECT_EQ(status("10.0.0.1", "unknown"), 403);
  EXPECT_EQ(addresses_refused("unknown"), 1);
}

TEST_F(WebhooksTest, WhatComesTooFastIs503AndComesAgain) {
  EXPECT_EQ(webhooks->handle(from("192.0.2.7", "slow")).status, 202);
  EXPECT_EQ(webhooks->handle(from("192.0.2.7", "slow")).status, 200);
  const Response response = webhooks->handle(from("192.0.2.7", "slow"));
  EXPECT_EQ(response.status, 503);
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers.front(), std::make_pair(std::string("Retry-After"), std::string("2")));
  EXPECT_EQ(outcomes("slow", "rate_limited"), 1);
  EXPECT_EQ(webhooks->handle(from("192.0.2.7", "ci")).status, 202) << "each has a rate of its own";
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(webhooks->handle(from("192.0.2.7", "slow")).status, 200);
}

TEST_F(WebhooksTest, AStrangerCannotUseUpWhatTheGenuineSenderMaySend) {
  Request forged = from("192.0.2.7", "slow");
  forged.body += " ";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(webhooks->handle(forged).status, 401);
  EXPECT_EQ(webhooks->handle(from("192.0.2.7", "slow")).status, 202);
}

TEST_F(WebhooksTest, WithoutRoomForMoreEventsItIs503) {
  has_no_room = true;
  const Response response = webhooks->handle(github("deployment", kDeployment));
  EXPECT_EQ(response.status, 503);
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers.front().first, "Retry-After");
  EXPECT_EQ(outcomes("ci", "queue_full"), 1);
}

TEST_F(WebhooksTest, AnUnknownWebhookIs404AndMakesNoSeries) {
  EXPECT_EQ(webhooks->handle(post("/webhooks/nobody", "{}", {})).status, 404);
  EXPECT_EQ(webhooks->handle(post("/webhooks/", "{}", {})).status, 404);
  EXPECT_EQ(webhooks->handle(post("/webhooks/ci/x", "{}", {})).status, 404);
  for (const auto& family : registry.Collect()) EXPECT_TRUE(family.metric.empty()) << family.name;
}

TEST_F(WebhooksTest, AnythingButAPostIs405) {
  Request request = github("deployment", kDeployment);
  request.method = "GET";
  EXPECT_EQ(webhooks->handle(request).status, 405);
}

TEST_F(WebhooksTest, AnEventThatIsNotOnDiskIs503AndComesAgain) {
  is_full = true;
  const Response response = webhooks->handle(github("deployment", kDeployment));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":"try again"})");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers.front().first, "Retry-After");
  EXPECT_EQ(outcomes("ci", "unavailable"), 1);
  is_full = false;
  EXPECT_EQ(webhooks->handle(github("deployment", kDeployment)).status, 202);
}

TEST_F(WebhooksTest, NeitherAnswerNorLogHoldsASecret) {
  const Request genuine = github("deployment", kDeployment);
  const std::string signature = genuine.headers.at("x-hub-signature-256").substr(7);
  Request forged = genuine;
  forged.headers["x-hub-signature-256"] = "sha256=" + std::string(64, '0');
  std::string said;
  ::testing::internal::CaptureStderr();
  for (const Request& request : {genuine, forged, alert("a-guess-from-outside"), alert(kSecret),
                                 github("deployment", "{")}) {
    const Response response = webhooks->handle(request);
    said += response.body;
    for (const auto& [name, value] : response.headers) said += name + value;
  }
  is_full = true;
  said += webhooks->handle(genuine).body;
  said += ::testing::internal::GetCapturedStderr();
  for (const std::string& hidden : {std::string(kSecret), signature, std::string("a-guess")}) {
    EXPECT_EQ(said.find(hidden), std::string::npos) << hidden << " in:\n" << said;
  }
  EXPECT_NE(said.find("192.0.2.7"), std::string::npos) << "who it was is logged";
}

TEST_F(WebhooksTest, AProviderThatIsUnknownIsAnErrorAtTheStart) {
  const auto created = Webhooks::create({{"x", "gitlub", {}}}, nullptr, clock, registry);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().message, "webhook x: unknown provider gitlub");
}

// What is told of them is bounded, or a stranger could fill the disk.
TEST_F(WebhooksTest, GuessesDoNotFillTheLog) {
  Request forged = github("deployment", kDeployment);
  forged.headers["x-hub-signature-256"] = "sha256=" + std::string(64, '0');
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(webhooks->handle(forged).status, 401);
    EXPECT_EQ(webhooks->handle(from("192.0.2.7", "listed")).status, 403);
    EXPECT_EQ(webhooks->handle(github("deployment", "{")).status, 400);
  }
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(webhooks->handle(forged).status, 401);
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 4) << logged;
  EXPECT_NE(logged.find("left_out=99"), std::string::npos) << logged;
  EXPECT_EQ(auth_failures("ci", "wrong"), 101) << "all of them are counted";
}

// A disk that is full stays full for a while.
TEST_F(WebhooksTest, WhatIsNotOnDiskDoesNotFillItsLogEither) {
  is_full = true;
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) webhooks->handle(github("deployment", kDeployment));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 1) << logged;
}

// Such an actor would stand in every audit for months.
TEST_F(WebhooksTest, ANameThatIsTooLongIsCutAndTheEventIsTaken) {
  const std::string body =
      R"({"action": "created", "deployment": {"id": 1, "ref": "v7"}, "sender": {"login": ")" +
      std::string(1'000'000, 'a') + R"("}})";
  EXPECT_EQ(webhooks->handle(github("deployment", body)).status, 202);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken.front().release, "v7");
  EXPECT_EQ(taken.front().actor, std::string(253, 'a') + "…");
  EXPECT_EQ(counted("backstay_receiver_event_fields_shortened_total", "ci", "field", "actor"), 1);
}

TEST_F(WebhooksTest, AnEventThatIsTooLargeIsRefusedWithAReason) {
  Request request = alert(kSecret);
  const std::string label = R"("alertname": "A")";
  request.body.replace(request.body.find(label), label.size(),
                       label + R"(, "description": ")" + std::string(70'000, 'x') + "\"");
  const Response response = webhooks->handle(request);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"error":"an event has more than 65536 bytes"})");
  EXPECT_EQ(outcomes("am", "too_large"), 1);
  EXPECT_TRUE(taken.empty());
}

// It stands in the key of each alert: a thousand of them made a gigabyte of one delivery.
TEST_F(WebhooksTest, TheKeyOfAGroupIsNotRepeatedAtLength) {
  Request request = alert(kSecret, 3);
  request.body.insert(1, R"("groupKey": ")" + std::string(500'000, 'g') + R"(", )");
  EXPECT_EQ(webhooks->handle(request).status, 202);
  ASSERT_EQ(taken.size(), 3u) << "still three";
  for (const Event& event : taken) EXPECT_LT(event.dedupe_key.size(), 200u);
}

}  // namespace
}  // namespace backstay::intake
