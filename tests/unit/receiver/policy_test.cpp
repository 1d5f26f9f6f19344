#include "receiver/policy/policy.h"

#include "tests/unit/receiver/policy_fixture.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::kStart;

struct PolicyTest : test::PolicyFixture {};

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

TEST_F(PolicyTest, WhatOthersHaveGoneBackToIsLeftToAPersonToo) {
  history.ledger.deployments[0].kind = "observed";
  history.ledger.deployments[0].purpose = "rollback";
  expect_refused(Reason::live_is_a_rollback);
}

TEST_F(PolicyTest, AnAlertOfAnotherServiceIsNoneOfOurs) {
  policy.service = "invitations";
  EXPECT_EQ(decided().verdict, Verdict::act);
  event.event.labels["service"] = "shop";
  expect_refused(Reason::no_rule);
  EXPECT_EQ(decided().explanation, "the alert is about the service shop, not invitations");
  EXPECT_EQ(decided().rule, "");
  event.event.labels.erase("service");
  EXPECT_EQ(decided().verdict, Verdict::act) << "it says nothing of it";
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

// Of the rule "bad-release".
TEST_F(PolicyTest, ARuleWithAConditionActsOnlyWhereItIsMet) {
  policy.rules[1].when = "hour() >= 6";
  struct {
    std::optional<ConditionFacts> answer;
    Verdict verdict;
    Reason reason;
  } const cases[] = {
      {ConditionFacts{"hour() >= 6", true, true, ""}, Verdict::act, Reason::release_to_blame},
      {ConditionFacts{"hour() >= 6", true, false, ""}, Verdict::refuse, Reason::condition_not_met},
      {ConditionFacts{"hour() >= 6", false, false, "connection refused"}, Verdict::refuse,
       Reason::condition_unknown},
      {ConditionFacts{"hour() >= 7", true, true, ""}, Verdict::refuse, Reason::condition_unknown},
      {std::nullopt, Verdict::refuse, Reason::condition_unknown},
  };
  for (const auto& one : cases) {
    facts.condition = one.answer;
    EXPECT_EQ(to_string(decided().verdict), to_string(one.verdict)) << decided().explanation;
    EXPECT_EQ(to_string(decided().reason), to_string(one.reason)) << decided().explanation;
  }
}

TEST_F(PolicyTest, WhatIsSaidOfAConditionNamesIt) {
  policy.rules[1].when = "hour() >= 6";
  facts.condition = ConditionFacts{"hour() >= 6", true, false, ""};
  EXPECT_EQ(decided().explanation,
            "rule bad-release acts only when hour() >= 6, which has no result in Prometheus");
  facts.condition = ConditionFacts{"hour() >= 6", false, false, "connection refused"};
  EXPECT_EQ(decided().explanation, "whether hour() >= 6 holds is not known: connection refused");
}

TEST_F(PolicyTest, AConditionHoldsInEachModeAndOnlyForItsOwnRule) {
  policy.rules[1].when = "up";
  policy.rules[2].when = "down";
  EXPECT_EQ(condition_for(event.event, policy), "up");
  facts.condition = ConditionFacts{"up", true, false, ""};
  for (const Policy::Mode mode :
       {Policy::Mode::observe, Policy::Mode::approve, Policy::Mode::automatic}) {
    policy.mode = mode;
    expect_refused(Reason::condition_not_met);
  }
  policy.rules[1].when = "";
  EXPECT_EQ(condition_for(event.event, policy), "");
  EXPECT_EQ(decided().verdict, Verdict::act);
}

// Why there is nothing to do about an alert does not depend on the time of day.
TEST_F(PolicyTest, TheConditionIsLookedAtAfterWhatTheAlertIs) {
  policy.rules[1].when = "up";
  facts.condition = ConditionFacts{"up", true, false, ""};
  facts.alert->firing = false;
  expect_refused(Reason::alert_not_firing);
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

}  // namespace
}  // namespace backstay
