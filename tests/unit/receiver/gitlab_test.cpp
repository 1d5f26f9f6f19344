#include "receiver/intake/gitlab.h"

#include <gtest/gtest.h>

#include "tests/unit/receiver/provider_fixture.h"

namespace backstay::intake {
namespace {

using test::authenticate;
using test::event;
using test::ignored;
using test::malformed;
using test::secrets;

std::string deployment(const std::string& status, const std::string& ref = "v2") {
  return R"({"object_kind": "deployment", "status": ")" + status +
         R"(", "deployment_id": 15, "environment": "staging", "short_sha": "279484c0", "ref": ")" +
         ref + R"(", "user": {"username": "root"}})";
}

Parsed parse(const std::string& body, const std::string& uuid = "") {
  const Gitlab provider(secrets({"secret"}));
  return provider.parse({{{"x-gitlab-event-uuid", uuid}}, body, WallTime()}, "ci");
}

TEST(GitlabToken, IsInItsHeader) {
  const Gitlab provider(secrets({"new", "old"}));
  EXPECT_FALSE(authenticate(provider, "x-gitlab-token", "old", "{}"));
  EXPECT_EQ(authenticate(provider, "x-gitlab-token", "older", "{}"), AuthFailure::wrong);
}

TEST(GitlabToken, MayBeASigningTokenInstead) {
  const Gitlab provider(secrets({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}));
  Delivery delivery{{{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                     {"webhook-timestamp", "1614265330"},
                     {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
                    R"({"test": 2432232314})",
                    WallTime(std::chrono::seconds(1'614'265'330))};
  EXPECT_FALSE(provider.authenticate(delivery));
  delivery.received_at += std::chrono::minutes(6);
  EXPECT_EQ(provider.authenticate(delivery), AuthFailure::too_old);
}

TEST(GitlabPayload, ADeploymentTellsHowItWentElsewhere) {
  const auto found = event(parse(deployment("success")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_succeeded);
  EXPECT_EQ(found->release, "v2");
  EXPECT_EQ(found->actor, "root");
  EXPECT_EQ(found->labels.at("environment"), "staging");
  EXPECT_EQ(found->dedupe_key, "deployment 15 success");
  EXPECT_EQ(event(parse(deployment("running")))->kind, EventKind::deploy_started);
  EXPECT_EQ(event(parse(deployment("failed")))->kind, EventKind::deploy_failed);
  EXPECT_TRUE(ignored(parse(deployment("canceled"))));
  EXPECT_TRUE(ignored(parse(R"({"object_kind": "push"})")));
}

TEST(GitlabPayload, ARefThatIsNoReleaseGivesWayToTheCommit) {
  for (const char* ref : {"--force", "feature/login", "../x", "$(id)", ""}) {
    EXPECT_EQ(event(parse(deployment("success", ref)))->release, "279484c0") << ref;
  }
}

TEST(GitlabPayload, ACreatedReleaseAsksForItsTag) {
  const std::string body =
      R"({"object_kind": "release", "id": 1, "action": "create", "tag": "v1.1", "name": "One"})";
  const auto found = event(parse(body));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_requested);
  EXPECT_EQ(found->release, "v1.1");
  EXPECT_EQ(found->labels.at("kind"), "release");
  EXPECT_EQ(malformed(parse(R"({"object_kind": "release", "action": "create", "tag": "-f"})")),
            "tag: not a release's name");
}

TEST(GitlabPayload, WithoutAnIdTheHeaderTellsEventsApart) {
  const std::string body = R"({"object_kind": "deployment", "status": "failed", "ref": "v2"})";
  EXPECT_EQ(event(parse(body, "13792a34"))->dedupe_key, "13792a34");
  EXPECT_EQ(malformed(parse(body)), "no id in the body, and X-Gitlab-Event-UUID: missing");
}

TEST(GitlabPayload, AReleaseTellsItsCommitAndThatOnesTime) {
  const auto found = event(parse(R"({"object_kind": "release", "action": "create", "id": 1,
      "tag": "v2", "commit": {"id": "1a2b3c4d", "timestamp": "2026-11-26T12:00:00+01:00"}})"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->details.commit, "1a2b3c4d");
  EXPECT_EQ(found->details.commit_times.size(), 1U);
}

}  // namespace
}  // namespace backstay::intake
