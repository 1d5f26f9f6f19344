#include "receiver/policy/policy.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kStart{hours(24 * 20'000)};

// Release 1 good, release 2 went live at kStart by a deploy; an alert that began 10 s later fires,
// and it is 20 s later now. Each test changes one thing.
struct PolicyTest : ::testing::Test {
  PolicyTest() {
    policy.mode = Policy::Mode::automatic;
    Rule release;
    release.name = "release";
    release.on = EventKind::deploy_requested;
    release.action = ActionKind::deploy;
    Rule bad;
    bad.name = "bad-release";
    bad.labels = {{"action", "rollback"}};
    bad.cooldown = hours(1);
    Rule failed;
    failed.name = "failed-deploy";
    failed.on = EventKind::deploy_failed;
    policy.rules = {release, bad, failed};

    event.id = 7;
    event.received_at = now;
    event.event.source = "alertmanager";
    event.event.kind = EventKind::alert_firing;
    event.event.subject = "ErrorRatioHigh";
    event.event.labels = {{"action", "rollback"}, {"service", "invitations"}};
    event.event.began_at = kStart + seconds(10);

    facts.gathered_at = now;
    facts.live_known = true;
    facts.live_release = "2";
    facts.kept_releases = {"1", "2"};
    facts.alert = AlertFacts{true, true, true, kStart + seconds(10), ""};

    Release one;
    one.name = "1";
    one.good_at = kStart - hours(2);
    Release two;
    two.name = "2";
    history.ledger.releases = {two, one};
    history.ledger.deployments = {
        {2, "2", "deploy", 1, kStart, std::nullopt, false},
        {1, "1", "adopted", std::nullopt, kStart - hours(3), kStart, false}};
  }

  Decision decided() const { return decide(event, facts, history, policy, now); }
  void expect_refused(Reason reason) const {
    const Decision decision = decided();
    EXPECT_EQ(decision.verdict, Verdict::refuse) << decision.explanation;
    EXPECT_EQ(to_string(decision.reason), to_string(reason)) << decision.explanation;
    EXPECT_FALSE(decision.explanation.empty());
  }
  void add_run(const std::string& action, const std::string& rule, WallTime at,
               std::optional<std::int64_t> deployment = std::nullopt) {
    journal::Run run;
    run.id = 3;
    run.action = action;
    run.rule = rule;
    run.started_at = at;
    run.deployment_id = deployment;
    history.runs.push_back(run);
  }
  void request(EventKind kind, const std::string& release, const std::string& source) {
    event.event = {};
    event.event.kind = kind;
    event.event.release = release;
    event.event.source = source;
    event.event.actor = "ada";
    facts.alert.reset();
  }

  WallTime now = kStart + seconds(20);
  Policy policy;
  StoredEvent event;
  Facts facts;
  History history;
};

TEST_F(PolicyTest, BlamesTheReleaseAndRollsBackToTheLastGoodOne) {
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::act) << decision.explanation;
  EXPECT_EQ(decision.action, ActionKind::rollback);
  EXPECT_EQ(decision.release_from, "2");
  EXPECT_EQ(decision.release_to, "1");
  EXPECT_EQ(decision.deployment_id, 2);
  EXPECT_TRUE(decision.with_backup);
  EXPECT_EQ(decision.explanation,
            "roll back from release 2 to 1: ErrorRatioHigh began 10s after release 2 went live");
}

TEST_F(PolicyTest, ObserveOnlySaysWhatItWouldDo) {
  policy.mode = Policy::Mode::observe;
  EXPECT_EQ(decided().verdict, Verdict::observe);
  EXPECT_EQ(decided().release_to, "1");
}

TEST_F(PolicyTest, AnAlertThatNoRuleNamesIsRefused) {
  event.event.labels["action"] = "page";
  expect_refused(Reason::no_rule);
}

TEST_F(PolicyTest, DisarmedRefusesEverything) {
  facts.disarmed = true;
  expect_refused(Reason::disarmed);
  request(EventKind::backup_requested, "", "cli");
  expect_refused(Reason::disarmed);
}

TEST_F(PolicyTest, WithoutKnowingWhatIsLiveNothingIsDone) {
  facts.live_known = false;
  expect_refused(Reason::live_unknown);
}

TEST_F(PolicyTest, WithoutALiveReleaseNothingIsRolledBack) {
  facts.live_release.reset();
  expect_refused(Reason::nothing_live);
  facts.live_release = "2";
  history.ledger = {};
  expect_refused(Reason::nothing_live);
}

TEST_F(PolicyTest, PrometheusMustConfirmTheAlert) {
  facts.alert->known = false;
  facts.alert->problem = "connection refused";
  expect_refused(Reason::alert_unknown);
  facts.alert.reset();
  expect_refused(Reason::alert_unknown);
}

TEST_F(PolicyTest, MissingDataIsNeverAGroundToAct) {
  facts.alert = AlertFacts{true, false, false, std::nullopt, ""};
  expect_refused(Reason::no_data);
}

TEST_F(PolicyTest, ABackupForAnAlertNeedsTheAlertAndNoRelease) {
  policy.rules[1].action = ActionKind::backup;
  history.ledger = {};
  facts.live_release.reset();
  EXPECT_EQ(decided().verdict, Verdict::act);
  EXPECT_EQ(decided().explanation, "take a backup: ErrorRatioHigh fires");
  facts.alert->has_data = false;
  expect_refused(Reason::no_data);
}

TEST_F(PolicyTest, AnAlertThatHasClearedIsRefused) {
  facts.alert->firing = false;
  expect_refused(Reason::alert_not_firing);
}

TEST_F(PolicyTest, AnAlertThatBeganBeforeTheReleaseIsRefused) {
  event.event.began_at = kStart - milliseconds(1);
  expect_refused(Reason::older_than_release);
}

TEST_F(PolicyTest, TheEarliestStartThatAnyoneNamesCounts) {
  facts.alert->active_at = kStart - seconds(1);  // was pending before the switch, fired after it
  expect_refused(Reason::older_than_release);
}

TEST_F(PolicyTest, AnAlertThatBeganWithTheSwitchIsBlamedOnIt) {
  event.event.began_at = kStart;
  facts.alert->active_at = kStart;
  EXPECT_EQ(decided().verdict, Verdict::act);
}

TEST_F(PolicyTest, WithinIsMeasuredFromTheSwitch) {
  now = kStart + minutes(40);
  facts.alert->active_at = event.event.began_at = kStart + minutes(30);
  policy.rules[1].within = minutes(45);
  EXPECT_EQ(decided().verdict, Verdict::act);
  policy.rules[1].within = minutes(29);
  expect_refused(Reason::outside_window);
}

TEST_F(PolicyTest, ADecisionThatComesTooLateIsRefused) {
  now = kStart + minutes(31);  // the alert began in time, but waited for another action
  expect_refused(Reason::outside_window);
}

TEST_F(PolicyTest, OneRollbackForEachDeployment) {
  add_run("rollback", "another-rule", kStart + seconds(11), 2);
  expect_refused(Reason::already_rolled_back);
}

TEST_F(PolicyTest, WhatARollbackPutLiveIsLeftToAPerson) {
  history.ledger.deployments.insert(
      history.ledger.deployments.begin(),
      {3, "1", "rollback", 2, kStart + seconds(5), std::nullopt, false});
  facts.live_release = "1";
  expect_refused(Reason::live_is_a_rollback);
}

TEST_F(PolicyTest, CooldownHoldsForTheRule) {
  add_run("rollback", "bad-release", now - minutes(59));
  expect_refused(Reason::cooldown);
  history.runs.front().started_at = now - hours(1);
  EXPECT_EQ(decided().verdict, Verdict::act);
}

TEST_F(PolicyTest, TheHourlyLimitHoldsForAllRules) {
  policy.rollbacks_per_hour = 1;
  add_run("rollback", "someone-else", now - minutes(30));
  expect_refused(Reason::hourly_limit);
}

TEST_F(PolicyTest, NoGoodReleaseNoRollback) {
  history.ledger.releases[1].good_at.reset();
  expect_refused(Reason::no_good_release);
}

TEST_F(PolicyTest, APoisonedReleaseIsNoTarget) {
  history.ledger.releases[1].poisoned_at = kStart - hours(1);
  expect_refused(Reason::no_good_release);
}

TEST_F(PolicyTest, ATargetThatIsNotKeptIsRefusedNotReplaced) {
  facts.kept_releases = {"2"};
  expect_refused(Reason::not_kept);
}

TEST_F(PolicyTest, AReleaseThatIsNotRollbackSafeStandsInTheWay) {
  history.ledger.releases[0].rollback_safe = false;
  expect_refused(Reason::not_rollback_safe);
}

// People were asked about the event at `now`, and have ten minutes.
struct ApprovalPolicyTest : PolicyTest {
  ApprovalPolicyTest() { policy.mode = Policy::Mode::approve; }
  void asked() {
    journal::Approval approval;
    approval.event_id = event.id;
    approval.asked_at = now;
    approval.expires_at = now + minutes(10);
    approval.plan = {"rollback", "2", "1", 2};
    history.approval = approval;
  }
  void answered(const std::string& answer) {
    asked();
    history.approval->answered_at = now;
    facts.follow_the_answer = true;
    history.approval->answer = answer;
    history.approval->actor = "ada";
  }
};

TEST_F(ApprovalPolicyTest, ThePlanWaitsWithItsDeadlineAndTheCommand) {
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::wait);
  EXPECT_EQ(decision.reason, Reason::needs_approval);
  EXPECT_EQ(decision.release_to, "1");
  EXPECT_EQ(decision.approve_until, kStart + minutes(30)) << "the rule's within comes first";
  EXPECT_NE(decision.explanation.find("backstay approve 7"), std::string::npos);
  policy.approve_within = minutes(5);
  EXPECT_EQ(decided().approve_until, now + minutes(5));
}

TEST_F(ApprovalPolicyTest, AGuardThatRefusesIsNotAQuestion) {
  facts.alert->has_data = false;
  expect_refused(Reason::no_data);
}

TEST_F(ApprovalPolicyTest, AnAnswerDecides) {
  answered("approved");
  EXPECT_EQ(decided().verdict, Verdict::act);
  EXPECT_EQ(decided().reason, Reason::approved);
  answered("refused");
  expect_refused(Reason::approval_refused);
}

TEST_F(ApprovalPolicyTest, WithoutAnAnswerItWaitsUntilTheDeadlineInAnyMode) {
  asked();
  policy.mode = Policy::Mode::automatic;
  EXPECT_EQ(decided().verdict, Verdict::wait);
  now = history.approval->expires_at;
  expect_refused(Reason::approval_expired);
}

TEST_F(ApprovalPolicyTest, AnApprovalAfterTheFactsNeedsNewFacts) {
  answered("approved");
  facts.follow_the_answer = false;
  EXPECT_EQ(decided().verdict, Verdict::wait);
}

TEST_F(ApprovalPolicyTest, OnlyWhatWasApprovedIsDone) {
  answered("approved");
  history.approval->plan.release_to = "0";
  expect_refused(Reason::approval_outdated);
}

TEST_F(ApprovalPolicyTest, ARefusalHoldsForTheDeployment) {
  journal::Approval refused;
  refused.event_id = 6;
  refused.actor = "ada";
  refused.plan.deployment_id = 2;
  history.refused = {refused};
  expect_refused(Reason::approval_refused);
  history.refused.front().plan.deployment_id = 1;
  EXPECT_EQ(decided().verdict, Verdict::wait);
}

TEST_F(PolicyTest, TheEchoOfOurOwnDeploySetsOffNoOther) {
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

TEST_F(PolicyTest, ADeployThatWasAskedForIsDone) {
  request(EventKind::deploy_requested, "3", "ci");
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::act) << decision.explanation;
  EXPECT_EQ(decision.action, ActionKind::deploy);
  EXPECT_EQ(decision.release_to, "3");
  EXPECT_EQ(decision.explanation, "deploy release 3: ada asked for it");
}

TEST_F(PolicyTest, ADeployOfThePoisonedTheLiveOrNoReleaseIsRefused) {
  request(EventKind::deploy_requested, "2", "ci");
  expect_refused(Reason::already_live);
  request(EventKind::deploy_requested, "", "ci");
  expect_refused(Reason::release_missing);
  request(EventKind::deploy_requested, "1", "cli");
  history.ledger.releases[1].poisoned_at = kStart;
  history.ledger.releases[1].poison_reason = "it was bad";
  expect_refused(Reason::poisoned);
}

TEST_F(PolicyTest, APersonNeedsNoRuleNoModeAndNoCooldown) {
  policy.mode = Policy::Mode::observe;
  policy.rules.clear();
  request(EventKind::rollback_requested, "", "cli");
  add_run("rollback", "", now - minutes(1), 2);
  add_run("rollback", "", now - minutes(1), 2);
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::act) << decision.explanation;
  EXPECT_EQ(decision.release_to, "1");
}

TEST_F(PolicyTest, APersonMayNameTheTargetIfItIsKept) {
  request(EventKind::rollback_requested, "0", "cli");
  expect_refused(Reason::not_kept);
  facts.kept_releases.emplace_back("0");
  EXPECT_EQ(decided().release_to, "0");
}

TEST_F(PolicyTest, NotEvenAPersonGoesBackOverAReleaseThatIsNotSafe) {
  request(EventKind::rollback_requested, "1", "cli");
  EXPECT_EQ(decided().verdict, Verdict::act);
  history.ledger.releases[0].rollback_safe = false;
  expect_refused(Reason::not_rollback_safe);
}

TEST_F(PolicyTest, AFailedDeployOfTheLiveReleaseMayBeRolledBack) {
  request(EventKind::deploy_failed, "2", "backstay");
  EXPECT_EQ(decided().verdict, Verdict::act);
  event.event.release = "3";
  expect_refused(Reason::not_the_live_release);
}

TEST_F(PolicyTest, AFailedDeployOfAReleaseThatHasServedForLongDoesNotRollItBack) {
  request(EventKind::deploy_failed, "2", "github");
  now = kStart + policy.rules[2].within;
  EXPECT_EQ(decided().verdict, Verdict::act);
  now += milliseconds(1);
  expect_refused(Reason::outside_window);
}

TEST_F(PolicyTest, AFailedDeployOfNoNamedReleaseIsAboutNone) {
  request(EventKind::deploy_failed, "", "github");
  expect_refused(Reason::not_the_live_release);
}

TEST_F(PolicyTest, WhatHappenedElsewhereIsNotedNotDone) {
  request(EventKind::deploy_succeeded, "9", "github");
  EXPECT_EQ(decided().verdict, Verdict::note);
  EXPECT_EQ(decided().reason, Reason::happened_elsewhere);
}

TEST_F(PolicyTest, TheEchoOfOurOwnSwitchIsRecognised) {
  request(EventKind::deploy_succeeded, "2", "github");
  EXPECT_EQ(decided().reason, Reason::ours);
}

TEST_F(PolicyTest, AResolvedAlertCancelsNothing) {
  event.event.kind = EventKind::alert_resolved;
  EXPECT_EQ(decided().verdict, Verdict::note);
  EXPECT_EQ(decided().reason, Reason::alert_resolved);
}

}  // namespace
}  // namespace backstay
