#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "receiver/intake/github.h"

// What GitHub really sends: tests/unit/receiver/payloads/github/.
namespace backstay::intake {
namespace {

Parsed parse_file(const std::string& kind, const std::string& file) {
  const std::string path =
      std::string(BACKSTAY_SOURCE_DIR) + "/tests/unit/receiver/payloads/github/" + file;
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  const std::string body{std::istreambuf_iterator<char>(in), {}};
  const Github provider({SecretSource::literal(Secret("secret"))}, {"test.yml"});
  return provider.parse(
      {{{"x-github-event", kind}, {"x-github-delivery", "72d3162e"}}, body, WallTime()}, "ci");
}

Event event_of(const std::string& kind, const std::string& file) {
  const Parsed parsed = parse_file(kind, file);
  const auto* accepted = std::get_if<Accepted>(&parsed);
  EXPECT_TRUE(accepted != nullptr) << file;
  return accepted == nullptr ? Event() : accepted->events.front();
}

TEST(GithubFiles, ADeploymentAndItsStatus) {
  const Event asked = event_of("deployment", "deployment.json");
  EXPECT_EQ(asked.kind, EventKind::deploy_requested);
  EXPECT_EQ(asked.release, "master");
  EXPECT_EQ(asked.labels.at("environment"), "production");
  const Event told = event_of("deployment_status", "deployment_status.json");
  EXPECT_EQ(told.kind, EventKind::deploy_succeeded);
  EXPECT_EQ(told.dedupe_key, "deployment_status 209916254");
}

TEST(GithubFiles, APublishedRelease) {
  const Event asked = event_of("release", "release.published.json");
  EXPECT_EQ(asked.kind, EventKind::deploy_requested);
  EXPECT_EQ(asked.release, "0.0.1");
  EXPECT_EQ(asked.labels.at("prerelease"), "false");
  EXPECT_EQ(asked.actor, "Codertocat");
}

TEST(GithubFiles, ARunOfAWorkflow) {
  const Event told = event_of("workflow_run", "workflow_run.completed.json");
  EXPECT_EQ(told.kind, EventKind::deploy_succeeded);
  EXPECT_EQ(told.release, "3484a3fb816e0859fd6e1cea078d76385ff50625");
  EXPECT_EQ(told.labels.at("branch"), "master");
  EXPECT_EQ(told.dedupe_key, "workflow_run 289782451 1 completed");
}

TEST(GithubFiles, APingAndAPushAreIgnored) {
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse_file("ping", "ping.json")));
  EXPECT_TRUE(std::holds_alternative<Ignored>(parse_file("push", "push.json")));
}

}  // namespace
}  // namespace backstay::intake
