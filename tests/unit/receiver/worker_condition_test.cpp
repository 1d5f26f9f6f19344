#include "receiver/journal/approval_log.h"
#include "tests/unit/receiver/worker_fixture.h"

// A rule's `when`, from the event to what is done about it.
namespace backstay {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedAlerts;

struct WorkerConditionTest : test::WorkerFixture {
  void prometheus_says(const ConditionFacts& answer) {
    alerts.on_condition = [answer](const auto&) { return answer; };
  }
  // Release 2 is live and bad, and people are asked whether to go back.
  std::int64_t ask_about_two() {
    go_live_with_two();
    policy.mode = Policy::Mode::approve;
    policy.rules[1].when = "up";
    restart();
    const auto id = append(alert("a"));
    work();
    return id.value_or(0);
  }
  bool is_open(std::int64_t id) {
    bool open = false;
    change([&](journal::Transaction& tx) { open = !find_decision(tx, id); });
    return open;
  }
  void approve(std::int64_t id) {
    change([&](journal::Transaction& tx) {
      answer_approval(tx, id, clock.now(), "approved", "ada", "");
    });
    work();
  }
};

TEST_F(WorkerConditionTest, ARuleActsOnlyWhereItsConditionIsMet) {
  policy.rules[0].when = "hour() >= 6";
  restart();
  std::string asked;
  alerts.on_condition = [&](const std::string& query) {
    asked = query;
    return ScriptedAlerts::not_met();
  };
  const auto early = append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(asked, "hour() >= 6");
  EXPECT_EQ(decision(early.value_or(0)).reason, "condition_not_met");
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_TRUE(told().empty()) << "as the rule wants it";

  const WallTime begin = clock.now();
  prometheus_says(ScriptedAlerts::unanswered());
  const auto silent = append(asks(EventKind::deploy_requested, "2"));
  work();
  EXPECT_EQ(decision(silent.value_or(0)).reason, "condition_unknown");
  EXPECT_EQ(clock.now() - begin, seconds(30)) << "asked again meanwhile";
  EXPECT_TRUE(was_told("warning: shop: deploy refused"));
  EXPECT_TRUE(runs("deploy").empty());

  append(asks(EventKind::deploy_requested, "2", "cli"));
  work();
  EXPECT_EQ(runs("deploy").size(), 1u) << "a person has no rule";
  EXPECT_EQ(*driver.current(), "2");
}

// It fires, whether or not it may be acted on.
TEST_F(WorkerConditionTest, AnAlertThatAConditionHoldsBackKeepsTheReleaseFromBeingGood) {
  policy.rules[1].when = "hour() >= 6";
  restart();
  go_live_with_two();
  prometheus_says(ScriptedAlerts::not_met());
  const auto id = append(alert("a"));
  work();
  EXPECT_EQ(decision(id.value_or(0)).reason, "condition_not_met");
  clock.advance(minutes(60));
  work();
  EXPECT_FALSE(ledger().find("2")->good_at);
}

TEST_F(WorkerConditionTest, OneThatIsNotKnownLeavesTheQuestionOpen) {
  const auto id = ask_about_two();
  ASSERT_TRUE(is_open(id));
  prometheus_says(ScriptedAlerts::unanswered());
  append(alert("resolved", EventKind::alert_resolved));
  work();
  EXPECT_TRUE(is_open(id));
  prometheus_says(ScriptedAlerts::not_met());
  append(alert("resolved again", EventKind::alert_resolved));
  work();
  EXPECT_TRUE(is_open(id)) << "it is asked again when somebody answers";
}

TEST_F(WorkerConditionTest, AnApprovalDoesNotStandInForIt) {
  const auto id = ask_about_two();
  prometheus_says(ScriptedAlerts::not_met());
  approve(id);
  EXPECT_EQ(decision(id).reason, "condition_not_met");
  EXPECT_TRUE(runs("rollback").empty());
}

TEST_F(WorkerConditionTest, ForALateApprovalItIsAskedAgain) {
  const auto id = ask_about_two();
  prometheus_says(ScriptedAlerts::unanswered());
  approve(id);
  EXPECT_EQ(decision(id).reason, "condition_unknown");
  EXPECT_TRUE(runs("rollback").empty());
  prometheus_says(ScriptedAlerts::met());
  const auto again = append(alert("b")).value_or(0);
  work();
  approve(again);
  EXPECT_EQ(decision(again).reason, "approved");
  EXPECT_EQ(runs("rollback").size(), 1u);
}

}  // namespace
}  // namespace backstay
