#include "receiver/policy/policy.h"
#include "tests/unit/receiver/policy_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using test::kStart;

struct PolicyRequestsTest : test::PolicyFixture {};

TEST_F(PolicyRequestsTest, TheEchoOfOurOwnDeploySetsOffNoOther) {
  Rule mirror;
  mirror.name = "mirror";
  mirror.on = EventKind::deploy_succeeded;
  mirror.action = ActionKind::deploy;
  policy.rules = {mirror};
  request(EventKind::deploy_succeeded, "3", "github");
  EXPECT_EQ(decided().verdict, Verdict::act);
  history.ledger.deployments.insert(history.ledger.deployments.begin() + 1,
                                    {1, "3", "deploy", 9, kStart - hours(1), kStart, false});
  EXPECT_EQ(decided().verdict, Verdict::note);
  EXPECT_EQ(decided().reason, Reason::ours);
}

TEST_F(PolicyRequestsTest, ADeployThatWasAskedForIsDone) {
  request(EventKind::deploy_requested, "3", "ci");
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::act) << decision.explanation;
  EXPECT_EQ(decision.action, ActionKind::deploy);
  EXPECT_EQ(decision.release_to, "3");
  EXPECT_EQ(decision.explanation, "deploy release 3: ada asked for it");
}

TEST_F(PolicyRequestsTest, ADeployOfThePoisonedTheLiveOrNoReleaseIsRefused) {
  request(EventKind::deploy_requested, "2", "ci");
  expect_refused(Reason::already_live);
  request(EventKind::deploy_requested, "", "ci");
  expect_refused(Reason::release_missing);
  request(EventKind::deploy_requested, "1", "cli");
  history.ledger.releases[1].poisoned_at = kStart;
  history.ledger.releases[1].poison_reason = "it was bad";
  expect_refused(Reason::poisoned);
}

TEST_F(PolicyRequestsTest, APersonNeedsNoRuleNoModeAndNoCooldown) {
  policy.mode = Policy::Mode::observe;
  policy.rules.clear();
  request(EventKind::rollback_requested, "", "cli");
  add_run("rollback", "", now - minutes(1), 2);
  add_run("rollback", "", now - minutes(1), 2);
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::act) << decision.explanation;
  EXPECT_EQ(decision.release_to, "1");
}

TEST_F(PolicyRequestsTest, APersonMayNameTheTargetIfItIsKept) {
  request(EventKind::rollback_requested, "0", "cli");
  expect_refused(Reason::not_kept);
  facts.kept_releases.emplace_back("0");
  EXPECT_EQ(decided().release_to, "0");
}

TEST_F(PolicyRequestsTest, NotEvenAPersonGoesBackOverAReleaseThatIsNotSafe) {
  request(EventKind::rollback_requested, "1", "cli");
  EXPECT_EQ(decided().verdict, Verdict::act);
  history.ledger.releases[0].rollback_safe = false;
  expect_refused(Reason::not_rollback_safe);
}

TEST_F(PolicyRequestsTest, AFailedDeployOfTheLiveReleaseMayBeRolledBack) {
  request(EventKind::deploy_failed, "2", "backstay");
  EXPECT_EQ(decided().verdict, Verdict::act);
  event.event.release = "3";
  expect_refused(Reason::not_the_live_release);
}

TEST_F(PolicyRequestsTest, AFailedDeployOfAReleaseThatHasServedForLongDoesNotRollItBack) {
  request(EventKind::deploy_failed, "2", "github");
  now = kStart + policy.rules[2].within;
  EXPECT_EQ(decided().verdict, Verdict::act);
  now += milliseconds(1);
  expect_refused(Reason::outside_window);
}

TEST_F(PolicyRequestsTest, AFailedDeployOfOurOwnIsKnownToBeToBlameHoweverLateItIsLookedAt) {
  request(EventKind::deploy_failed, "2", "backstay");
  now = kStart + hours(5);
  EXPECT_EQ(decided().verdict, Verdict::act);
}

TEST_F(PolicyRequestsTest, AFailedDeployOfNoNamedReleaseIsAboutNone) {
  request(EventKind::deploy_failed, "", "github");
  expect_refused(Reason::not_the_live_release);
}

TEST_F(PolicyRequestsTest, WhatHappenedElsewhereIsNotedNotDone) {
  request(EventKind::deploy_succeeded, "9", "github");
  EXPECT_EQ(decided().verdict, Verdict::note);
  EXPECT_EQ(decided().reason, Reason::happened_elsewhere);
}

TEST_F(PolicyRequestsTest, TheEchoOfOurOwnSwitchIsRecognised) {
  request(EventKind::deploy_succeeded, "2", "github");
  EXPECT_EQ(decided().reason, Reason::ours);
}

TEST_F(PolicyRequestsTest, AResolvedAlertCancelsNothing) {
  event.event.kind = EventKind::alert_resolved;
  EXPECT_EQ(decided().verdict, Verdict::note);
  EXPECT_EQ(decided().reason, Reason::alert_resolved);
}

}  // namespace
}  // namespace backstay
