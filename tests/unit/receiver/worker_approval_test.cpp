#include <fstream>

#include "receiver/journal/approval_log.h"
#include "tests/unit/receiver/worker_fixture.h"

// What waits for a person's approval, from the question to its end.
namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedAlerts;

struct WorkerApprovalTest : test::WorkerFixture {
  // Release 2 is live and bad, and from now on people are asked.
  std::int64_t ask_about_two() {
    go_live_with_two();
    policy.mode = Policy::Mode::approve;
    restart();
    const auto id = append(alert("a"));
    work();
    return id.value_or(0);
  }
  void answer(std::int64_t id, const std::string& word, const std::string& reason = "") {
    change([&](journal::Transaction& tx) {
      answer_approval(tx, id, clock.now(), word, "ada", reason);
      if (word == "refused") look_again_at_approvals(tx);
    });
    work();
  }
  bool is_open(std::int64_t id) {
    bool open = false;
    change([&](journal::Transaction& tx) { open = !find_decision(tx, id); });
    return open;
  }
  std::vector<std::string> audit_of(std::int64_t id) {
    std::vector<std::string> lines;
    change([&](journal::Transaction& tx) {
      for (const auto& entry : read_audit(tx, {}).entries) {
        const bool is_about_it = entry.kind == "approval" || entry.kind == "decision";
        if (entry.event_id == id && is_about_it) {
          lines.push_back(entry.kind + " " + entry.what + " | " + entry.actor + " | " + entry.why);
        }
      }
    });
    return lines;
  }
};

TEST_F(WorkerApprovalTest, NothingIsDoneBeforeSomebodySaysSo) {
  const auto id = ask_about_two();
  EXPECT_TRUE(is_open(id));
  EXPECT_TRUE(runs("rollback").empty());
  EXPECT_TRUE(was_told("critical: shop: rollback needs approval"));
  answer(id, "approved", "I have looked");
  EXPECT_EQ(*driver.current(), "1");
  EXPECT_EQ(decision(id).reason, "approved");
  EXPECT_EQ(last_run("rollback").outcome, "done");
  const auto lines = audit_of(id);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].rfind("approval asked | rule bad-release | roll back from release 2 to 1", 0),
            0u);
  EXPECT_NE(lines[0].find("backstay approve " + std::to_string(id)), std::string::npos);
  EXPECT_EQ(lines[1], "approval approved | ada | I have looked");
  EXPECT_EQ(lines[2].rfind("decision act | rule bad-release | ", 0), 0u);
}

TEST_F(WorkerApprovalTest, OneRuleMayAskInAutomaticMode) {
  go_live_with_two();
  policy.rules[1].requires_approval = true;
  restart();
  const auto id = append(alert("a")).value_or(0);
  work();
  EXPECT_TRUE(is_open(id));
  EXPECT_TRUE(runs("rollback").empty());
}

TEST_F(WorkerApprovalTest, APersonsRequestNeedsNoApproval) {
  policy.mode = Policy::Mode::approve;
  restart();
  append(asks(EventKind::backup_requested, "", "cli"));
  work();
  EXPECT_EQ(last_run("backup").outcome, "done");
}

TEST_F(WorkerApprovalTest, ItSurvivesARestart) {
  const auto id = ask_about_two();
  restart();
  work();
  EXPECT_TRUE(is_open(id));
  answer(id, "approved");
  EXPECT_EQ(*driver.current(), "1");
}

TEST_F(WorkerApprovalTest, AnAnswerFromBeforeTheClockWasSetBackCounts) {
  const auto id = ask_about_two();
  change([&](journal::Transaction& tx) {
    answer_approval(tx, id, clock.now(), "approved", "ada", "");
  });
  clock.advance(-std::chrono::hours(1));
  ASSERT_TRUE(worker->work_once({}));
  EXPECT_FALSE(is_open(id));
}

TEST_F(WorkerApprovalTest, WithoutAnAnswerItExpiresAndPeopleAreTold) {
  const auto id = ask_about_two();
  clock.advance(minutes(30));
  work();
  EXPECT_EQ(decision(id).reason, "approval_expired");
  EXPECT_TRUE(was_told("critical: shop: rollback refused"));
  EXPECT_TRUE(runs("rollback").empty());
}

TEST_F(WorkerApprovalTest, ItExpiresWithTheRulesWindow) {
  go_live_with_two();
  policy.mode = Policy::Mode::approve;
  restart();
  clock.advance(minutes(20));
  const auto id = append(alert("a")).value_or(0);
  work();
  clock.advance(minutes(10));
  work();
  EXPECT_EQ(decision(id).reason, "approval_expired") << "later it would be outside of within";
}

TEST_F(WorkerApprovalTest, WhoRefusesIsNotAskedAgainForThisDeployment) {
  const auto id = ask_about_two();
  const auto other = append(alert("b")).value_or(0);
  work();
  EXPECT_TRUE(is_open(other));
  answer(id, "refused", "the network is to blame");
  EXPECT_EQ(decision(id).explanation, "ada refused it: the network is to blame");
  EXPECT_EQ(decision(other).reason, "approval_refused");
  const auto third = append(alert("c")).value_or(0);
  work();
  EXPECT_EQ(decision(third).reason, "approval_refused");
  EXPECT_EQ(*driver.current(), "2");
}

TEST_F(WorkerApprovalTest, AStormAsksOnceAndRollsBackOnce) {
  const auto id = ask_about_two();
  for (int i = 0; i < 20; ++i) append(alert("storm " + std::to_string(i)));
  work();
  const auto messages = told();
  EXPECT_EQ(std::count(messages.begin(), messages.end(), "critical: shop: rollback needs approval"),
            1);
  answer(id, "approved");
  EXPECT_EQ(runs("rollback").size(), 1u);
  EXPECT_EQ(undecided(), 0);
  change([](journal::Transaction& tx) { EXPECT_TRUE(open_approvals(tx).empty()); });
}

// Otherwise the worker would ask and ask until the clock has caught up.
TEST_F(WorkerApprovalTest, AClockThatIsSetBackDelaysNoAnswer) {
  const auto id = ask_about_two();
  change([&](journal::Transaction& tx) {
    answer_approval(tx, id, clock.now(), "approved", "ada", "");
  });
  clock.advance(-hours(1));
  worker->work_once({});
  EXPECT_EQ(decision(id).reason, "approved");
}

// The answer comes while the driver and Prometheus are asked: what they say may be from before it.
TEST_F(WorkerApprovalTest, FactsFromBeforeTheAnswerAreNotEnough) {
  const auto id = ask_about_two();
  change([](journal::Transaction& tx) { look_again_at_approvals(tx); });
  driver.on_question = [&]() {
    driver.on_question = nullptr;
    change([&](journal::Transaction& tx) {
      answer_approval(tx, id, clock.now(), "approved", "ada", "");
    });
  };
  worker->work_once({});
  EXPECT_TRUE(is_open(id));
  work();
  EXPECT_EQ(decision(id).reason, "approved");
}

TEST_F(WorkerApprovalTest, ALateApprovalGathersItsFactsAgain) {
  const auto id = ask_about_two();
  alerts.answer(ScriptedAlerts::clear());
  clock.advance(minutes(5));
  answer(id, "approved");
  EXPECT_EQ(decision(id).reason, "alert_not_firing");
  EXPECT_TRUE(runs("rollback").empty());
}

TEST_F(WorkerApprovalTest, AnApprovalDoesNotArm) {
  const auto id = ask_about_two();
  std::ofstream(folder.path("disarmed")) << "";
  answer(id, "approved");
  EXPECT_EQ(decision(id).reason, "disarmed");
}

TEST_F(WorkerApprovalTest, WhatWasApprovedIsDoneAndNothingElse) {
  policy.mode = Policy::Mode::approve;
  restart();
  const auto id = append(asks(EventKind::deploy_requested, "2")).value_or(0);
  work();
  driver.set_live("7");
  answer(id, "approved");
  EXPECT_EQ(decision(id).reason, "approval_outdated");
  EXPECT_EQ(*driver.current(), "7");
}

TEST_F(WorkerApprovalTest, AResolveEndsTheQuestionOnlyWithDataBehindIt) {
  const auto id = ask_about_two();
  alerts.answer({true, false, false, std::nullopt, ""});
  append(alert("resolved", EventKind::alert_resolved));
  work();
  EXPECT_TRUE(is_open(id)) << "missing data is not good news";
  alerts.answer(ScriptedAlerts::clear());
  append(alert("resolved again", EventKind::alert_resolved));
  work();
  EXPECT_EQ(decision(id).reason, "alert_not_firing");
}

TEST_F(WorkerApprovalTest, AReleaseUnderQuestionDoesNotBecomeGood) {
  policy.approve_within = minutes(60);
  policy.rules[1].within = minutes(60);
  ask_about_two();
  clock.advance(minutes(20));
  work();
  EXPECT_FALSE(ledger().find("2")->good_at);
}

}  // namespace
}  // namespace backstay
