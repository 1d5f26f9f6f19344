#pragma once

#include <gtest/gtest.h>

#include "receiver/policy/policy.h"

namespace backstay::test {

using std::chrono::hours;
using std::chrono::seconds;

const WallTime kStart{hours(24 * 20'000)};

// Release 1 good, release 2 went live at kStart by a deploy; an alert that began 10 s later fires,
// and it is 20 s later now. Each test changes one thing.
struct PolicyFixture : ::testing::Test {
  PolicyFixture() {
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

}  // namespace backstay::test
