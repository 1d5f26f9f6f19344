#include "receiver/intake/github.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "receiver/intake/signatures.h"

namespace backstay::intake {
namespace {

std::string deployment(const std::string& ref, const std::string& payload = "{}",
                       const std::string& action = "created") {
  return R"({"action": ")" + action + R"(", "deployment": {"id": 145988746, "task": "deploy",
    "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "ref": ")" +
         ref + R"(", "payload": )" + payload + R"(, "environment": "production"},
    "sender": {"login": "Codertocat"}})";
}

std::string status(const std::string& state) {
  return R"({"action": "created", "deployment_status": {"id": 209916254, "state": ")" + state +
         R"("}, "deployment": {"id": 145988746, "ref": "v2", "environment": "production",
    "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "payload": ""},
    "sender": {"login": "Codertocat"}})";
}

Parsed parse(const std::string& kind, const std::string& body,
             const std::string& delivery = "72d3162e-cc78-11e3-81ab-4c9367dc0958") {
  const Github provider({SecretSource::literal(Secret("secret"))});
  return provider.parse(
      {{{"x-github-event", kind}, {"x-github-delivery", delivery}}, body, WallTime()}, "ci");
}

std::optional<Event> event(const Parsed& parsed) {
  const auto* accepted = std::get_if<Accepted>(&parsed);
  if (accepted == nullptr || accepted->events.size() != 1) return std::nullopt;
  return accepted->events.front();
}

std::string release(const std::string& ref, const std::string& payload = "{}") {
  const auto found = event(parse("deployment", deployment(ref, payload)));
  return found ? found->release : "none";
}

std::string malformed(const Parsed& parsed) {
  const auto* wrong = std::get_if<Malformed>(&parsed);
  return wrong == nullptr ? "not malformed" : wrong->reason;
}

TEST(GithubPayload, ADeploymentAsksForOne) {
  const auto found = event(parse("deployment", deployment("v2")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_requested);
  EXPECT_EQ(found->source, "ci");
  EXPECT_EQ(found->actor, "Codertocat");
  EXPECT_EQ(found->release, "v2");
  EXPECT_EQ(found->subject, "production");
  EXPECT_EQ(found->labels.at("environment"), "production") << "for a rule's on.labels";
}

TEST(GithubPayload, AStatusTellsHowItWentElsewhere) {
  const std::vector<std::pair<std::string, EventKind>> states = {
      {"success", EventKind::deploy_succeeded}, {"failure", EventKind::deploy_failed},
      {"error", EventKind::deploy_failed},      {"pending", EventKind::deploy_started},
      {"queued", EventKind::deploy_started},    {"in_progress", EventKind::deploy_started}};
  for (const auto& [state, kind] : states) {
    const auto found = event(parse("deployment_status", status(state)));
    ASSERT_TRUE(found) << state;
    EXPECT_EQ(found->kind, kind) << state;
    EXPECT_EQ(found->release, "v2") << state;
  }
}

TEST(GithubPayload, AStateThatSaysNothingIsIgnored) {
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse("deployment_status", status("inactive"))));
}

TEST(GithubPayload, OtherKindsAreIgnored) {
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse("ping", R"({"zen": "Design for failure."})")));
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse("push", R"({"ref": "refs/heads/main"})")));
  EXPECT_TRUE(
      std::holds_alternative<Ignored>(parse("deployment", deployment("v2", "{}", "edited"))));
}

TEST(GithubPayload, APublishedReleaseAsksForItsTag) {
  const auto body = [](const std::string& action, const std::string& tag) {
    return R"({"action": ")" + action + R"(", "release": {"id": 17372790, "tag_name": ")" + tag +
           R"(", "draft": false, "prerelease": true}, "sender": {"login": "Codertocat"}})";
  };
  const auto found = event(parse("release", body("published", "0.0.1")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_requested);
  EXPECT_EQ(found->release, "0.0.1");
  EXPECT_EQ(found->dedupe_key, "release 17372790");
  EXPECT_EQ(found->labels.at("kind"), "release");
  EXPECT_EQ(found->labels.at("prerelease"), "true");
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse("release", body("edited", "0.0.1"))));
  EXPECT_EQ(malformed(parse("release", body("published", "--force"))),
            "release.tag_name: not a release's name");
}

struct GithubRun : ::testing::Test {
  Parsed run(const std::string& action, const std::string& conclusion,
             const std::string& head = "octo-org/octo-repo") const {
    const Github provider({SecretSource::literal(Secret("secret"))}, workflows);
    return provider.parse(
        {{{"x-github-event", "workflow_run"}, {"x-github-delivery", "72d3162e"}},
         R"({"action": ")" + action +
             R"(", "workflow": {"name": "test", "path": ".github/workflows/deploy.yml"},
             "workflow_run": {"id": 289782451, "run_attempt": 1, "head_branch": "master",
             "head_sha": "3484a3fb816e0859fd6e1cea078d76385ff50625", "conclusion": ")" +
             conclusion + R"(", "head_repository": {"full_name": ")" + head +
             R"("}}, "repository": {"full_name": "octo-org/octo-repo"}})",
         WallTime()},
        "ci");
  }
  std::vector<std::string> workflows = {"deploy.yml"};
};

TEST_F(GithubRun, OfAWorkflowThatIsNamedTellsHowADeployWent) {
  const auto found = event(run("completed", "success"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_succeeded);
  EXPECT_EQ(found->release, "3484a3fb816e0859fd6e1cea078d76385ff50625");
  EXPECT_EQ(found->dedupe_key, "workflow_run 289782451 1 completed");
  EXPECT_EQ(event(run("completed", "failure"))->kind, EventKind::deploy_failed);
  EXPECT_EQ(event(run("in_progress", ""))->kind, EventKind::deploy_started);
  EXPECT_FALSE(event(run("completed", "cancelled")));
  EXPECT_FALSE(event(run("requested", "")));
}

TEST_F(GithubRun, OfAnotherWorkflowOrOfAForkIsIgnored) {
  EXPECT_FALSE(event(run("completed", "failure", "stranger/octo-repo")));
  workflows = {"test"};
  EXPECT_TRUE(event(run("completed", "failure"))) << "by its name";
  workflows = {};
  EXPECT_FALSE(event(run("completed", "failure")));
}

TEST(GithubPayload, TheReleaseIsWhatThePayloadNames) {
  EXPECT_EQ(release("main", R"({"release": "2026.11"})"), "2026.11");
}

TEST(GithubPayload, OtherwiseTheRefAndOtherwiseTheCommit) {
  EXPECT_EQ(release("v2"), "v2");
  EXPECT_EQ(release("feature/login"), "f95f852bd8fca8fcc58a9a2d6c842781e32a215e");
  EXPECT_EQ(release("v2", R"("a text of one's own")"), "v2");
  EXPECT_EQ(release("v2", R"(["release"])"), "v2");
}

TEST(GithubPayload, ARefThatCouldBeAnOptionOrAPathNeverBecomesARelease) {
  for (const char* ref : {"--force", "../x", "-rf", "a/../b", "$(id)", "v2;id", ""}) {
    EXPECT_EQ(release(ref), "f95f852bd8fca8fcc58a9a2d6c842781e32a215e") << ref;
  }
}

TEST(GithubPayload, AReleaseThatIsNamedWronglyIsNotReplacedByAnother) {
  for (const char* named : {R"("--force")", R"("../x")", R"("")", "2", "null", "{}"}) {
    EXPECT_EQ(malformed(parse("deployment",
                              deployment("main", R"({"release": )" + std::string(named) + "}"))),
              "deployment: names no valid release")
        << named;
  }
}

TEST(GithubPayload, WithoutARefAndACommitThereIsNothingToDeploy) {
  EXPECT_EQ(malformed(parse("deployment", R"({"action": "created", "deployment": {}})")),
            "deployment: names no valid release");
  EXPECT_EQ(malformed(parse("deployment", R"({"action": "created"})")),
            "deployment: names no valid release");
}

TEST(GithubPayload, WhatIsWrongIsNamed) {
  const Github provider({SecretSource::literal(Secret("secret"))});
  EXPECT_EQ(malformed(provider.parse({{}, deployment("v2"), WallTime()}, "ci")),
            "X-GitHub-Event: missing");
  EXPECT_EQ(
      malformed(provider.parse({{{"x-github-event", "deployment"}}, deployment("v2"), {}}, "ci")),
      "X-GitHub-Delivery: missing");
  EXPECT_EQ(malformed(parse("deployment", "payload=%7B%7D")), "not a JSON object");
  EXPECT_EQ(malformed(parse("deployment", "[]")), "not a JSON object");
  EXPECT_EQ(malformed(parse("deployment_status", status(""))), "deployment_status.state: missing");
}

TEST(GithubPayload, TheSameEventUnderAnotherDeliveryIsTheSame) {
  const auto first = event(parse("deployment", deployment("v2"), "72d3162e"));
  const auto again = event(parse("deployment", deployment("v2"), "made-up"));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->dedupe_key, again->dedupe_key) << "the header is not signed";
}

TEST(GithubPayload, ADeploymentAndItsStatusAreTwoEvents) {
  const auto asked = event(parse("deployment", deployment("v2")));
  const auto told = event(parse("deployment_status", status("success")));
  ASSERT_TRUE(asked && told);
  EXPECT_NE(asked->dedupe_key, told->dedupe_key);
}

TEST(GithubPayload, WithoutAnIdTheDeliveryTellsEventsApart) {
  const std::string body = R"({"action": "created", "deployment": {"ref": "v2"}})";
  EXPECT_EQ(event(parse("deployment", body, "a"))->dedupe_key, "a");
  EXPECT_EQ(event(parse("deployment", body, "b"))->dedupe_key, "b");
}

TEST(GithubPayload, IsProvenByItsSignature) {
  const Github provider({SecretSource::literal(Secret("secret"))});
  const std::string signature = "sha256=" + to_hex(hmac_sha256("secret", "{}"));
  EXPECT_FALSE(provider.authenticate({{{"x-hub-signature-256", signature}}, "{}", WallTime()}));
  EXPECT_EQ(provider.authenticate({{{"x-hub-signature-256", signature}}, "{ }", WallTime()}),
            AuthFailure::wrong);
}

TEST(GithubPayload, WhoeverMadeTheDeploymentTellsOfTheRelease) {
  const auto found =
      event(parse("deployment", deployment("v2", R"({"digest": "sha256:)" + std::string(64, 'a') +
                                                     R"(", "commit_times": ["2026-11-26T10:00:00Z"],
      "migrations": ["0042"], "rollback_safe": false, "rework": true, "else": 1})")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->details.commit, "f95f852bd8fca8fcc58a9a2d6c842781e32a215e");
  EXPECT_EQ(found->details.digest, "sha256:" + std::string(64, 'a'));
  EXPECT_EQ(found->details.commit_times.size(), 1U);
  EXPECT_EQ(found->details.migrations, std::vector<std::string>{"0042"});
  EXPECT_EQ(found->details.rollback_safe, false);
  EXPECT_EQ(found->details.rework, true);
}

TEST(GithubPayload, AKeyThatIsUsedForSomethingElseCostsTheDeployNothing) {
  const auto found = event(parse("deployment", deployment("v2", R"({"digest": {"js": "4f1e"},
      "migrations": ["--all"], "commit": true, "rework": true})")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, EventKind::deploy_requested);
  EXPECT_EQ(found->release, "v2");
  EXPECT_EQ(found->details.digest, "");
  EXPECT_TRUE(found->details.migrations.empty());
  EXPECT_EQ(found->details.commit, "f95f852bd8fca8fcc58a9a2d6c842781e32a215e") << "GitHub's own";
  EXPECT_EQ(found->details.rework, true) << "what is understood counts";
  EXPECT_EQ(found->details.rollback_safe, std::nullopt) << "nobody spoke of it";
  EXPECT_EQ(found->details.not_understood,
            (std::map<std::string, std::string>{
                {"commit", "expected text"},
                {"digest", "expected text"},
                {"migrations", "only names of letters, digits, '.', '_', '-' and '+'"}}));
}

TEST(GithubPayload, APayloadThatIsTheTextOfAnObjectIsReadAsThatObject) {
  const auto found = event(parse(
      "deployment", deployment("main", R"("{\"release\": \"v2\", \"rollback_safe\": false}")")));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->release, "v2");
  EXPECT_EQ(found->details.rollback_safe, false);
  EXPECT_EQ(release("v2", R"("by hand")"), "v2") << "any other text is nobody's";
  EXPECT_EQ(release("v2", R"("[1]")"), "v2");
}

TEST(GithubPayload, AReleaseTellsTheTimeOfItsCommit) {
  const auto found = event(parse("release", R"({"action": "published", "release": {"id": 1,
      "tag_name": "v2", "created_at": "2026-11-26T10:00:00Z",
      "published_at": "2026-11-26T11:00:00Z"}})"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->details.commit_times.size(), 1U);
  EXPECT_EQ(format_rfc3339(found->details.commit_times[0]), "2026-11-26T10:00:00.000Z");
}

TEST(GithubPayload, WhatGithubItselfTellsWronglyCostsNothing) {
  const auto found = event(parse("release", R"({"action": "published",
      "release": {"id": 1, "tag_name": "v2", "created_at": "yesterday"}})"));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->details.commit_times.empty());
  EXPECT_EQ(found->details.not_understood.count("commit_time"), 1U);
}

// Whoever may make a deployment writes its payload.
TEST(GithubPayload, ATextThatIsNestedTooDeeplyTellsNothing) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& text :
       {deep, R"({\"release\": \"v9\", \"x\": )" + deep + "}", R"({\"commit\": )" + deep + "}"}) {
    const auto found = event(parse("deployment", deployment("v2", "\"" + text + "\"")));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->release, "v2");
    EXPECT_EQ(found->details.commit, "f95f852bd8fca8fcc58a9a2d6c842781e32a215e");
    EXPECT_TRUE(found->details.not_understood.empty());
  }
}

}  // namespace
}  // namespace backstay::intake
