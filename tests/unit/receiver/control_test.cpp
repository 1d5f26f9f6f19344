#include "receiver/control.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "receiver/journal/approval_log.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/run_log.h"
#include "tests/manual_clock.h"
#include "tests/scripted_alerts.h"
#include "tests/scripted_driver.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using nlohmann::json;

ReceiverConfig config_of(const std::string& folder) {
  return {.service = "shop",
          .state_dir = folder,
          .backups = {folder + "/backups", "/opt/pg", SecretSource::literal(Secret("hunter2"))},
          .prometheus_url = {},
          .webhooks = {},
          .policy = {},
          .driver = {},
          .verify = {},
          .confirm = {},
          .notify = {}};
}

struct ControlTest : ::testing::Test {
  ControlTest() {
    driver.set_live("1");
    driver.set_kept({"1"});
  }
  json ask(const std::string& operation, const json& parameters = json::object()) {
    return control.handle(operation, parameters);
  }
  void change(const std::function<void(journal::Transaction&)>& work) {
    const auto written = database->write(work);
    ASSERT_TRUE(written) << written.error().message;
  }
  // An event that was decided on and set a run off.
  std::int64_t run_deploy() {
    const std::int64_t id =
        ask("submit", {{"event", "deploy_requested"}, {"release", "2"}})["event_id"];
    change([&](journal::Transaction& tx) {
      append_decision(tx, {id, clock.now(), "act", "asked", "deploy release 2", ""});
      journal::Run run;
      run.event_id = id;
      run.action = "deploy";
      run.release_from = "1";
      run.release_to = "2";
      run.started_at = clock.now();
      const auto run_id = append_run(tx, run);
      end_step(tx, start_step(tx, run_id, "stage", clock.now()), clock.now(), "done", "up");
      start_step(tx, run_id, "switch", clock.now());
    });
    return id;
  }

  test::TemporaryFolder folder;
  test::ManualClock clock;
  test::ScriptedDriver driver;
  KillSwitch kill_switch{folder.path()};
  const std::unique_ptr<journal::Database> database =
      std::move(*journal::Database::open(folder.path("journal.db")));
  ReceiverConfig config = config_of(folder.path());
  int woken = 0;
  test::ScriptedAlerts alerts;
  FactGatherer facts{driver, alerts, kill_switch, clock};
  Control control{config, *database, driver, kill_switch, facts, clock, [this]() { ++woken; }};
};

TEST_F(ControlTest, StatusOfAnEmptyLedger) {
  EXPECT_EQ(ask("status"), (json{{"service", "shop"},
                                 {"mode", "observe"},
                                 {"disarmed", false},
                                 {"live", "1"},
                                 {"run_in_flight", nullptr},
                                 {"events_waiting", 0},
                                 {"messages_waiting", 0},
                                 {"approvals", json::array()}}));
}

TEST_F(ControlTest, StatusTellsWhatIsLiveAndWhatRuns) {
  ask("adopt", {{"release", "1"}});
  run_deploy();
  std::ofstream(folder.path("disarmed")) << "";
  const json status = ask("status");
  EXPECT_EQ(status["ledger_live"], "1");
  EXPECT_EQ(status["live_state"], "good");
  EXPECT_EQ(status["live_by"], "adopted");
  EXPECT_EQ(status["live_since"], "2026-11-23T08:00:00.000Z");
  EXPECT_EQ(status["disarmed"], true);
  EXPECT_EQ(status["run_in_flight"]["action"], "deploy");
  EXPECT_EQ(status["run_in_flight"]["to"], "2");
  EXPECT_EQ(status["run_in_flight"]["ended_at"], nullptr);
}

TEST_F(ControlTest, StatusSaysWhereTheDriverIsSilent) {
  driver.set_problem("no answer");
  const json status = ask("status");
  EXPECT_EQ(status["live_problem"], "no answer");
  EXPECT_FALSE(status.contains("live"));
}

TEST_F(ControlTest, AdoptingSeedsTheLedgerAndIsInTheAudit) {
  EXPECT_EQ(ask("adopt", {{"release", "1"}, {"actor", "ada"}, {"reason", "runs well"}}),
            (json{{"adopted", "1"}}));
  const json release = ask("releases")["releases"][0];
  EXPECT_EQ(release["release"], "1");
  EXPECT_EQ(release["state"], "good");
  EXPECT_EQ(release["live"], true);
  EXPECT_EQ(release["kept"], true);
  EXPECT_EQ(release["poisoned_at"], nullptr);
  const json audit = ask("audit")["audit"];
  ASSERT_EQ(audit.size(), 1u);
  EXPECT_EQ(audit[0]["what"], "adopted");
  EXPECT_EQ(audit[0]["actor"], "ada");
  EXPECT_EQ(audit[0]["why"], "runs well");
}

TEST_F(ControlTest, ReleasesTellWhatIsKnownOfThem) {
  ask("adopt", {{"release", "1"}, {"actor", "ada"}});
  change([&](journal::Transaction& tx) {
    Origin origin{"octocat", {}};
    origin.details.commit = "1a2b3c4";
    origin.details.migrations = {"0042"};
    origin.details.rollback_safe = false;
    open_deployment(tx, "2", "deploy", std::nullopt, clock.now(), origin);
  });
  const json answer = ask("releases");
  const json two =
      answer["releases"][0]["release"] == "2" ? answer["releases"][0] : answer["releases"][1];
  EXPECT_EQ(two["commit"], "1a2b3c4");
  EXPECT_EQ(two["migrations"], json::array({"0042"}));
  EXPECT_EQ(two["rollback_safe"], false);
  EXPECT_EQ(two["deployed_by"], "octocat");
  EXPECT_FALSE(two.contains("digest")) << "nobody told";
  EXPECT_EQ(answer["deployments"][0]["purpose"], "planned");
  EXPECT_EQ(answer["deployments"][0]["actor"], "octocat");
  EXPECT_FALSE(answer["deployments"][1].contains("purpose")) << "adopted";
}

TEST_F(ControlTest, WhatIsToldWronglyOfAReleaseIsAnError) {
  EXPECT_EQ(
      ask("submit",
          {{"event", "deploy_requested"}, {"release", "2"}, {"details", {{"digest", "latest"}}}}),
      (json{{"error", "digest: expected sha256: and 64 hexadecimal digits, or sha512: and 128"}}));
}

TEST_F(ControlTest, OnlyWhatIsLiveCanBeAdopted) {
  EXPECT_EQ(ask("adopt", {{"release", "2"}}),
            (json{{"refused", "release 2 is not live; the driver says 1 is"}}));
  driver.set_live(std::nullopt);
  EXPECT_EQ(ask("adopt", {{"release", "2"}}),
            (json{{"refused", "release 2 is not live; the driver says nothing is"}}));
  driver.set_problem("no answer");
  EXPECT_EQ(ask("adopt", {{"release", "2"}}),
            (json{{"refused", "the driver cannot tell what is live: no answer"}}));
  EXPECT_TRUE(ask("releases")["releases"].empty());
}

TEST_F(ControlTest, ANameThatIsNoneIsAnError) {
  EXPECT_EQ(ask("adopt", {{"release", "--force"}}),
            (json{{"error", "\"--force\" is not a release's name"}}));
  EXPECT_EQ(ask("adopt"), (json{{"error", "\"\" is not a release's name"}}));
  EXPECT_EQ(ask("submit", {{"event", "deploy_requested"}, {"release", "../x"}}),
            (json{{"error", "\"../x\" is not a release's name"}}));
}

TEST_F(ControlTest, PoisonIsTakenOffWithAReason) {
  ask("adopt", {{"release", "1"}});
  change([&](journal::Transaction& tx) { mark_rolled_back(tx, 1, clock.now(), "errors"); });
  EXPECT_EQ(ask("releases")["releases"][0]["state"], "poisoned");
  EXPECT_EQ(ask("releases")["releases"][0]["poison_reason"], "errors");
  EXPECT_EQ(ask("clear", {{"release", "1"}}),
            (json{{"error", "a reason is needed: --reason TEXT"}}));
  EXPECT_EQ(ask("clear", {{"release", "1"}, {"reason", "fixed"}, {"actor", "ada"}}),
            (json{{"cleared", "1"}}));
  EXPECT_EQ(ask("clear", {{"release", "1"}, {"reason", "again"}}),
            (json{{"refused", "release 1 is not poisoned"}}));
  EXPECT_EQ(ask("clear", {{"release", "nobody"}, {"reason", "why not"}}),
            (json{{"refused", "release nobody is not poisoned"}}));
}

TEST_F(ControlTest, ARequestIsAnEventFromTheCommandLine) {
  const json answer =
      ask("submit", {{"event", "rollback_requested"}, {"actor", "ada"}, {"backup", false}});
  EXPECT_EQ(answer, (json{{"event_id", 1}}));
  EXPECT_EQ(woken, 1);
  change([](journal::Transaction& tx) {
    const auto stored = find_event(tx, 1);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->event.source, "cli");
    EXPECT_EQ(stored->event.kind, EventKind::rollback_requested);
    EXPECT_EQ(stored->event.actor, "ada");
    EXPECT_EQ(stored->event.release, "");
    EXPECT_EQ(stored->event.labels.at("backup"), "no");
  });
}

TEST_F(ControlTest, TwoRequestsOfOneMillisecondAreTwo) {
  const json request = {{"event", "backup_requested"}};
  EXPECT_EQ(ask("submit", request)["event_id"], 1);
  EXPECT_EQ(ask("submit", request)["event_id"], 2);
}

TEST_F(ControlTest, OnlyRequestsCanBeSubmitted) {
  for (const char* event : {"alert_firing", "deploy_succeeded", "coffee", ""}) {
    EXPECT_EQ(ask("submit", {{"event", event}}), (json{{"error", "not a request: event"}}))
        << event;
  }
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(ask("status")["events_waiting"], 0);
}

TEST_F(ControlTest, ARequestThatIsNotOnDiskIsAnError) {
  database->on_commit([]() { throw std::runtime_error("database or disk is full"); });
  EXPECT_EQ(ask("submit", {{"event", "backup_requested"}}),
            (json{{"error", "journal: database or disk is full"}}));
  EXPECT_EQ(woken, 0);
}

TEST_F(ControlTest, TheOutcomeGrowsFromDecisionToSteps) {
  const json waiting = ask("outcome", {{"event_id", 1}});
  EXPECT_EQ(waiting,
            (json{{"event_id", 1}, {"decision", nullptr}, {"run", nullptr}, {"final", false}}));
  const std::int64_t id = run_deploy();
  json outcome = ask("outcome", {{"event_id", id}});
  EXPECT_EQ(outcome["decision"]["verdict"], "act");
  EXPECT_EQ(outcome["final"], false);
  ASSERT_EQ(outcome["run"]["steps"].size(), 2u);
  EXPECT_EQ(outcome["run"]["steps"][0]["outcome"], "done");
  EXPECT_EQ(outcome["run"]["steps"][0]["detail"], "up");
  EXPECT_EQ(outcome["run"]["steps"][1]["ended_at"], nullptr);
  change([&](journal::Transaction& tx) { end_run(tx, 1, clock.now(), "failed", "switch: 1"); });
  outcome = ask("outcome", {{"event_id", id}});
  EXPECT_EQ(outcome["final"], true);
  EXPECT_EQ(outcome["run"]["outcome"], "failed");
}

TEST_F(ControlTest, ARefusalIsFinalWithoutARun) {
  ask("submit", {{"event", "rollback_requested"}});
  change([&](journal::Transaction& tx) {
    append_decision(tx, {1, clock.now(), "refuse", "nothing_live", "no release is live", ""});
  });
  const json outcome = ask("outcome", {{"event_id", 1}});
  EXPECT_EQ(outcome["final"], true);
  EXPECT_EQ(outcome["run"], nullptr);
}

// Something waits for approval for ten minutes.
void ask_for_backup(journal::Transaction& tx, WallTime now) {
  Event event;
  event.kind = EventKind::backup_requested;
  event.source = "ci";
  append_event(tx, event, now);
  journal::Approval approval;
  approval.event_id = 1;
  approval.asked_at = now;
  approval.expires_at = now + std::chrono::minutes(10);
  approval.plan.action = "backup";
  approval.explanation = "take a backup";
  ask_for_approval(tx, approval);
}

TEST_F(ControlTest, WhatWaitsForApprovalIsInTheStatusAndIsAnsweredOnce) {
  change([this](journal::Transaction& tx) { ask_for_backup(tx, clock.now()); });
  const json status = ask("status");
  EXPECT_EQ(status["events_waiting"], 0);
  ASSERT_EQ(status["approvals"].size(), 1u);
  EXPECT_EQ(status["approvals"][0]["expires_at"], "2026-11-23T08:10:00.000Z");
  EXPECT_EQ(ask("approve", {{"event_id", 1}}), (json{{"error", "who answers is needed: actor"}}));
  const json answer = {{"event_id", 1}, {"actor", "ada"}, {"reason", "fine"}};
  EXPECT_EQ(ask("approve", answer), (json{{"event_id", 1}, {"answer", "approved"}}));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(ask("refuse", answer),
            (json{{"refused", "event 1 was approved at 2026-11-23T08:00:00.000Z by ada"}}));
}

TEST_F(ControlTest, WhatDoesNotWaitCannotBeApproved) {
  EXPECT_EQ(ask("approve", {{"event_id", 5}, {"actor", "ada"}}),
            (json{{"refused", "event 5 does not wait for approval"}}));
  change([this](journal::Transaction& tx) { ask_for_backup(tx, clock.now()); });
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(
      ask("approve", {{"event_id", 1}, {"actor", "ada"}}),
      (json{{"refused", "the time to answer for event 1 was over at 2026-11-23T08:10:00.000Z"}}));
}

TEST_F(ControlTest, AnEventIsExplainedAndNothingIsWritten) {
  const json answer = ask("explain", {{"event", {{"kind", "backup_requested"}}}});
  EXPECT_EQ(answer["verdict"], "refuse");
  EXPECT_EQ(answer["reason"], "no_rule");
  EXPECT_EQ(answer["facts"]["live_release"], "1");
  EXPECT_EQ(ask("explain", {{"event", {{"kind", "coffee"}}}}),
            (json{{"error", "event: kind: unknown event \"coffee\""}}));
  EXPECT_TRUE(ask("audit")["audit"].empty());
}

TEST_F(ControlTest, WhatIsExplainedIsAskedOfPrometheusToo) {
  Rule nightly;
  nightly.name = "nightly";
  nightly.on = EventKind::backup_requested;
  nightly.action = ActionKind::backup;
  nightly.when = "hour() < 6";
  config.policy.rules = {nightly};
  alerts.on_condition = [](const auto&) { return test::ScriptedAlerts::not_met(); };
  const json answer = ask("explain", {{"event", {{"kind", "backup_requested"}}}});
  EXPECT_EQ(answer["reason"], "condition_not_met") << answer;
  EXPECT_EQ(answer["guards"].back()["guard"], "when");
  EXPECT_EQ(answer["facts"]["when"]["query"], "hour() < 6");
}

TEST_F(ControlTest, AnEntryOfTheAuditIsExplainedFromTheJournal) {
  ask("submit", {{"event", "deploy_requested"}, {"release", "2"}});
  const json entry = ask("audit")["audit"][0];
  const json answer = ask("explain", {{"event", entry}});
  EXPECT_EQ(answer["verdict"], "act") << answer;
  EXPECT_EQ(answer["to"], "2");
  EXPECT_EQ(answer["guards"][0]["passed"], true);
}

TEST_F(ControlTest, TheAuditGoesBackAsFarAsAsked) {
  ask("adopt", {{"release", "1"}});
  clock.advance(std::chrono::hours(1));
  ask("submit", {{"event", "backup_requested"}});
  EXPECT_EQ(ask("audit")["audit"].size(), 2u);
  EXPECT_EQ(ask("audit")["truncated"], false);
  EXPECT_EQ(ask("audit", {{"limit", 1}})["audit"][0]["what"], "backup_requested");
  EXPECT_EQ(ask("audit", {{"limit", 1}})["truncated"], true);
  EXPECT_EQ(ask("audit", {{"limit", -1}})["audit"].size(), 1u);
  const auto now = std::chrono::milliseconds(clock.now().time_since_epoch()).count();
  EXPECT_EQ(ask("audit", {{"since_ms", now}})["audit"].size(), 1u);
  EXPECT_EQ(ask("audit", {{"until_ms", now - 1}})["audit"][0]["what"], "adopted");
}

// Intake holds the journal while it writes, and the audit of a million events takes seconds:
// neither may wait for the other. If it did, this would never end.
TEST_F(ControlTest, TheAuditIsReadWhileTheJournalIsHeld) {
  ask("submit", {{"event", "backup_requested"}, {"actor", "ada"}});
  json audit;
  change([&](journal::Transaction& tx) {
    tx.prepare("UPDATE events SET actor = 'bob'").run();
    audit = ask("audit");
  });
  EXPECT_EQ(audit["audit"][0]["actor"], "ada") << "what was on disk when it was asked";
}

TEST_F(ControlTest, WithoutBackupsTheListIsEmptyAndNamesTheFolder) {
  EXPECT_EQ(ask("backups"), (json{{"backups", json::array()}, {"dir", folder.path("backups")}}));
}

TEST_F(ControlTest, WhatIsMistypedIsAnErrorAndNoException) {
  EXPECT_EQ(ask("outcome"),
            (json{{"error", "outcome: a parameter is missing or of the wrong type"}}));
  EXPECT_EQ(ask("outcome", {{"event_id", "one"}}),
            (json{{"error", "outcome: a parameter is missing or of the wrong type"}}));
  EXPECT_EQ(ask("audit", {{"limit", "all"}}),
            (json{{"error", "audit: a parameter is missing or of the wrong type"}}));
  EXPECT_EQ(ask("submit", {{"event", "backup_requested"}, {"backup", "no"}}),
            (json{{"error", "submit: a parameter is missing or of the wrong type"}}));
  EXPECT_EQ(ask("reboot"), (json{{"error", "unknown operation reboot"}}));
}

}  // namespace
}  // namespace backstay
