#include "receiver/policy/explain.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace backstay {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;

const WallTime kNow{hours(24 * 20'000)};

// "the key is …", or nothing where the document is an event.
std::string fault(const json& document) {
  const auto event = event_from_json(document, kNow);
  return event ? "" : event.error().message;
}

TEST(EventFromJsonTest, TakesTheColumnsOfTheJournal) {
  const auto event = event_from_json(json::parse(R"({
      "id": 7, "received_at": 1795420800000, "source": "alertmanager", "dedupe_key": "x",
      "kind": "alert_firing", "actor": "alertmanager", "release": "", "subject": "ErrorRatioHigh",
      "labels": "{\"action\": \"rollback\"}", "began_at": "2026-11-23T08:00:00Z",
      "deliveries": 2})"),
                                     kNow);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->event.kind, EventKind::alert_firing);
  EXPECT_EQ(event->event.subject, "ErrorRatioHigh");
  EXPECT_EQ(event->event.labels.at("action"), "rollback");
  EXPECT_EQ(event->event.began_at, event->received_at);
}

TEST(EventFromJsonTest, TakesAnEntryOfTheAudit) {
  const auto event = event_from_json(json::parse(R"({
      "at": "2026-11-23T08:00:00.000Z", "kind": "event", "what": "backup_requested",
      "subject": "", "actor": "ada", "why": "from cli", "event_id": 3})"),
                                     kNow);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->event.kind, EventKind::backup_requested);
}

TEST(EventFromJsonTest, NamesTheKeyThatIsWrong) {
  EXPECT_EQ(fault(json::array()), "expected an object: one event");
  EXPECT_EQ(fault({{"source", "ci"}}), "kind: is missing");
  EXPECT_EQ(fault({{"kind", "coffee"}}), "kind: unknown event \"coffee\"");
  EXPECT_EQ(fault({{"kind", "alert_firing"}, {"lables", "x"}}), "lables: unknown key");
  EXPECT_EQ(fault({{"kind", "alert_firing"}, {"labels", {{"action", 1}}}}),
            "labels.action: expected text");
  EXPECT_EQ(fault({{"kind", "alert_firing"}, {"began_at", "noon"}}),
            "began_at: expected milliseconds since 1970, or a time as in RFC 3339");
  EXPECT_EQ(fault({{"kind", "deploy_requested"}, {"release", "--force"}}),
            "release: \"--force\" is not a release's name");
}

struct ExplainTest : ::testing::Test {
  ExplainTest() {
    Rule rule;
    rule.name = "bad-release";
    policy.mode = Policy::Mode::automatic;
    policy.rules = {rule};
    event.event.source = "alertmanager";
    event.event.subject = "ErrorRatioHigh";
    event.event.began_at = kNow - seconds(10);
    facts.gathered_at = kNow;
    facts.live_known = true;
    facts.live_release = "2";
    facts.kept_releases = {"1", "2"};
    facts.alert = AlertFacts{true, true, true, std::nullopt, ""};
    Release one;
    one.name = "1";
    one.good_at = kNow - hours(2);
    history.ledger.releases = {one};
    history.ledger.deployments = {
        {2, "2", "deploy", 1, kNow - seconds(20), std::nullopt, false},
        {1, "1", "adopted", std::nullopt, kNow - hours(3), kNow - seconds(20), false}};
  }
  json explained() const { return explain(event, facts, history, policy, kNow); }

  StoredEvent event;
  Facts facts;
  History history;
  Policy policy;
};

TEST_F(ExplainTest, ShowsEachGuardThatPassed) {
  const json answer = explained();
  EXPECT_EQ(answer["verdict"], "act");
  EXPECT_EQ(answer["to"], "1");
  std::vector<std::string> guards;
  for (const json& check : answer["guards"]) {
    EXPECT_EQ(check["passed"], true) << check;
    guards.push_back(check["guard"]);
  }
  EXPECT_EQ(guards,
            (std::vector<std::string>{"approval", "armed", "recent", "live_known", "something_live",
                                      "still_asked", "alert_real", "about_live", "still_live",
                                      "once", "nobody_refused", "fits_release", "target",
                                      "not_too_often", "as_approved"}));
}

TEST_F(ExplainTest, EndsWithTheGuardThatRefused) {
  facts.alert->has_data = false;
  const json answer = explained();
  EXPECT_EQ(answer["verdict"], "refuse");
  const json& last = answer["guards"].back();
  EXPECT_EQ(last["guard"], "alert_real");
  EXPECT_EQ(last["passed"], false);
  EXPECT_EQ(last["reason"], "no_data");
  EXPECT_EQ(last["why"], answer["explanation"]);
  EXPECT_FALSE(answer.contains("to"));
}

TEST_F(ExplainTest, ARulesConditionIsAGuardOfItsOwn) {
  policy.mode = Policy::Mode::observe;
  policy.rules[0].when = "hour() >= 6";
  facts.condition = ConditionFacts{"hour() >= 6", true, true, ""};
  const auto asked = [](const json& answer) {
    for (const json& check : answer["guards"]) {
      if (check["guard"] == "when") return check;
    }
    return json();
  };
  EXPECT_EQ(asked(explained()), json({{"guard", "when"},
                                      {"asks", "the rule's condition has a result in Prometheus"},
                                      {"passed", true}}));
  EXPECT_EQ(explained()["verdict"], "observe");
  facts.condition->met = false;
  const json answer = explained();
  EXPECT_EQ(asked(answer)["passed"], false);
  EXPECT_EQ(asked(answer)["reason"], "condition_not_met");
  EXPECT_EQ(answer["reason"], "condition_not_met");
  EXPECT_EQ(answer["facts"]["when"]["query"], "hour() >= 6");
}

TEST_F(ExplainTest, TakesTheDriversWordForWhatIsLive) {
  facts.live_release = "3";
  EXPECT_EQ(explained()["reason"], "older_than_release");
}

TEST_F(ExplainTest, WithoutARuleNoGuardIsAsked) {
  policy.rules.clear();
  EXPECT_EQ(explained()["reason"], "no_rule");
  EXPECT_TRUE(explained()["guards"].empty());
}

}  // namespace
}  // namespace backstay
