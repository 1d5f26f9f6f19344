#include "receiver/policy/policy.h"
#include "tests/unit/receiver/policy_fixture.h"

namespace backstay {
namespace {

using std::chrono::minutes;
using test::kStart;

// People were asked about the event at `now`, and have ten minutes.
struct PolicyApprovalTest : test::PolicyFixture {
  PolicyApprovalTest() { policy.mode = Policy::Mode::approve; }
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

TEST_F(PolicyApprovalTest, ThePlanWaitsWithItsDeadlineAndTheCommand) {
  const Decision decision = decided();
  EXPECT_EQ(decision.verdict, Verdict::wait);
  EXPECT_EQ(decision.reason, Reason::needs_approval);
  EXPECT_EQ(decision.release_to, "1");
  EXPECT_EQ(decision.approve_until, kStart + minutes(30)) << "the rule's within comes first";
  EXPECT_NE(decision.explanation.find("backstay approve 7"), std::string::npos);
  policy.approve_within = minutes(5);
  EXPECT_EQ(decided().approve_until, now + minutes(5));
}

TEST_F(PolicyApprovalTest, AGuardThatRefusesIsNotAQuestion) {
  facts.alert->has_data = false;
  expect_refused(Reason::no_data);
}

TEST_F(PolicyApprovalTest, AnAnswerDecides) {
  answered("approved");
  EXPECT_EQ(decided().verdict, Verdict::act);
  EXPECT_EQ(decided().reason, Reason::approved);
  answered("refused");
  expect_refused(Reason::approval_refused);
}

TEST_F(PolicyApprovalTest, WithoutAnAnswerItWaitsUntilTheDeadlineInAnyMode) {
  asked();
  policy.mode = Policy::Mode::automatic;
  EXPECT_EQ(decided().verdict, Verdict::wait);
  now = history.approval->expires_at;
  expect_refused(Reason::approval_expired);
}

TEST_F(PolicyApprovalTest, AnApprovalAfterTheFactsNeedsNewFacts) {
  answered("approved");
  facts.follow_the_answer = false;
  EXPECT_EQ(decided().verdict, Verdict::wait);
}

TEST_F(PolicyApprovalTest, OnlyWhatWasApprovedIsDone) {
  answered("approved");
  history.approval->plan.release_to = "0";
  expect_refused(Reason::approval_outdated);
}

TEST_F(PolicyApprovalTest, AQuestionGoesAwayWithTheDeploymentItWasAbout) {
  asked();
  facts.alert->has_data = false;
  expect_refused(Reason::no_data);  // an open question, which the worker keeps
  history.ledger.deployments.insert(history.ledger.deployments.begin(),
                                    {3, "1", "rollback", 5, now, std::nullopt, false});
  expect_refused(Reason::not_the_live_release);
}

TEST_F(PolicyApprovalTest, ARefusalHoldsForTheDeployment) {
  journal::Approval refused;
  refused.event_id = 6;
  refused.actor = "ada";
  refused.plan.deployment_id = 2;
  history.refused = {refused};
  expect_refused(Reason::approval_refused);
  history.refused.front().plan.deployment_id = 1;
  EXPECT_EQ(decided().verdict, Verdict::wait);
}

}  // namespace
}  // namespace backstay
