#include "receiver/policy/policy.h"
#include "tests/unit/receiver/policy_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
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

// As a deploy program does that registers a GitHub deployment.
TEST_F(PolicyRequestsTest, ARequestThatCameWithinARunToThatReleaseIsItsEcho) {
  request(EventKind::deploy_requested, "3", "github");
  const auto decided_at = [this](WallTime received_at) {
    event.received_at = received_at;
    return decided();
  };
  add_run("deploy", "release", now - minutes(25));
  journal::Run& run = history.runs.back();
  run.event_id = 5;
  run.release_to = "3";
  EXPECT_EQ(decided_at(now).reason, Reason::ours) << "it still runs";
  EXPECT_EQ(decided_at(now).verdict, Verdict::note);
  run.ended_at = now - minutes(20);
  run.outcome = "failed";
  EXPECT_EQ(decided_at(*run.ended_at).reason, Reason::ours) << "however late it is looked at";
  EXPECT_EQ(decided_at(*run.ended_at + seconds(1)).verdict, Verdict::act) << "the next attempt";
  EXPECT_EQ(decided_at(run.started_at - seconds(1)).verdict, Verdict::act);
  run.outcome = "done";
  EXPECT_EQ(decided_at(*run.ended_at).reason, Reason::ours);
  EXPECT_EQ(decided_at(*run.ended_at + milliseconds(1)).verdict, Verdict::act);
  run.event_id = event.id;
  EXPECT_EQ(decided_at(*run.ended_at).verdict, Verdict::act) << "its own run";
  run.event_id = 5;
  run.release_to = "4";
  EXPECT_EQ(decided_at(*run.ended_at).verdict, Verdict::act);
  run.release_to = "3";
  event.event.source = "cli";
  EXPECT_EQ(decided_at(*run.ended_at).verdict, Verdict::act) << "a person means it";
}

TEST_F(PolicyRequestsTest, DeploysThatSendersAskForHaveALimitPerHour) {
  request(EventKind::deploy_requested, "3", "ci");
  policy.deploys_per_hour = 2;
  add_run("deploy", "release", now - minutes(59));
  EXPECT_EQ(decided().verdict, Verdict::act);
  add_run("deploy", "release", now - minutes(1));
  expect_refused(Reason::hourly_limit);
  EXPECT_EQ(decided().explanation, "2 deploys within the last hour; the limit is 2");
  event.event.source = "cli";
  EXPECT_EQ(decided().verdict, Verdict::act);
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

TEST_F(PolicyRequestsTest, ARulesConditionHoldsForAnyEventButNotForAPerson) {
  for (const EventKind kind :
       {EventKind::deploy_requested, EventKind::rollback_requested, EventKind::backup_requested,
        EventKind::deploy_failed, EventKind::deploy_succeeded}) {
    Rule rule;
    rule.name = "a";
    rule.on = kind;
    rule.action = kind == EventKind::deploy_requested || kind == EventKind::deploy_succeeded
                      ? ActionKind::deploy
                  : kind == EventKind::backup_requested ? ActionKind::backup
                                                        : ActionKind::rollback;
    rule.when = "up";
    policy.rules = {rule};
    const std::string release = rule.action == ActionKind::deploy  ? "3"
                                : kind == EventKind::deploy_failed ? "2"
                                                                   : "";
    request(kind, release, "ci");
    EXPECT_EQ(condition_for(event.event, policy), "up");
    facts.condition = ConditionFacts{"up", true, true, ""};
    EXPECT_EQ(decided().verdict, Verdict::act) << decided().explanation;
    facts.condition->met = false;
    expect_refused(Reason::condition_not_met);
    request(kind, release, "cli");
    EXPECT_EQ(condition_for(event.event, policy), "");
    facts.condition.reset();
    if (asks_for_something(kind)) {
      EXPECT_EQ(decided().verdict, Verdict::act);
    }
  }
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
  request(EventKind::deploy_failed, "2", "github");
  EXPECT_EQ(decided().reason, Reason::release_to_blame);
  EXPECT_EQ(decided().explanation,
            "roll back from release 2 to 1: ada says that its deploy failed");
  request(EventKind::deploy_failed, "2", "backstay");
  event.event.subject = "run 4";
  EXPECT_EQ(decided().verdict, Verdict::act);
  EXPECT_EQ(decided().explanation, "roll back from release 2 to 1: its deploy failed (run 4)");
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

TEST_F(PolicyRequestsTest, AFailedDeployOfOurOwnIsKnownToBeToBlameHoweverLongItTook) {
  request(EventKind::deploy_failed, "2", "backstay");
  now = kStart + hours(5);
  event.received_at = now - policy.rules[2].within;
  EXPECT_EQ(decided().verdict, Verdict::act);
  event.received_at -= milliseconds(1);
  expect_refused(Reason::outside_window);  // as after a day without the receiver
}

TEST_F(PolicyRequestsTest, AFailureThatWasToldOfBeforeTheReleaseWentLiveIsOfAnEarlierAttempt) {
  request(EventKind::deploy_failed, "2", "github");
  event.received_at = kStart - milliseconds(1);
  expect_refused(Reason::older_than_release);
  now = kStart - hours(1);  // a clock that was set back says nothing
  EXPECT_EQ(decided().verdict, Verdict::act);
}

TEST_F(PolicyRequestsTest, WhatWaitedForLongerThanWithinIsNotDone) {
  request(EventKind::deploy_requested, "3", "ci");
  event.received_at = now - policy.rules[0].within;
  EXPECT_EQ(decided().verdict, Verdict::act);
  event.received_at -= milliseconds(1);
  expect_refused(Reason::outside_window);
  event.event.source = "cli";
  EXPECT_EQ(decided().verdict, Verdict::act) << "whoever sits there waits for longer";
  event.received_at = now - hours(2) - milliseconds(1);
  expect_refused(Reason::outside_window);
}

TEST_F(PolicyRequestsTest, ARollbackIsOfTheReleaseThatWasLiveWhenItWasAskedFor) {
  request(EventKind::rollback_requested, "", "cli");
  event.received_at = kStart;
  EXPECT_EQ(decided().verdict, Verdict::act);
  event.received_at = kStart - milliseconds(1);
  expect_refused(Reason::not_the_live_release);
  history.ledger.deployments[0]
      .run_id.reset();  // observed just now, and live for who knows how long
  EXPECT_EQ(decided().verdict, Verdict::act);
  history.ledger.deployments[0].run_id = 1;
  now = kStart - hours(1);  // a clock that was set back says nothing
  EXPECT_EQ(decided().verdict, Verdict::act);
}

// Release 2 was good too, and somebody has gone back from it to 1.
TEST_F(PolicyRequestsTest, NobodyIsSentBackToWhatWasFledFrom) {
  history.ledger.releases[0].good_at = kStart;
  history.ledger.deployments.insert(history.ledger.deployments.begin(),
                                    {3, "1", "adopted", std::nullopt, kStart, std::nullopt, false});
  facts.live_release = "1";
  expect_refused(Reason::live_is_a_rollback);
  request(EventKind::rollback_requested, "", "cli");
  expect_refused(Reason::live_is_a_rollback);
  event.event.release = "2";
  EXPECT_EQ(decided().verdict, Verdict::act) << "a person may say so";
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
