#include "receiver/policy/facts.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "tests/manual_clock.h"
#include "tests/scripted_alerts.h"
#include "tests/scripted_driver.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using std::chrono::seconds;
using test::ScriptedAlerts;

struct FactsTest : ::testing::Test {
  FactsTest() {
    driver.set_live("2");
    driver.set_kept({"1", "2"});
  }
  Facts gather(EventKind kind, std::chrono::milliseconds patience = seconds(30),
               const std::stop_token& stop = {}) {
    event.kind = kind;
    event.subject = "ErrorRatioHigh";
    return FactGatherer(driver, alerts, kill_switch, clock)
        .gather(event, condition, patience, stop);
  }
  void disarm() const { std::ofstream(folder.path("disarmed")) << "ada: database work\n"; }

  test::TemporaryFolder folder;
  test::ManualClock clock;
  test::ScriptedDriver driver;
  ScriptedAlerts alerts;
  KillSwitch kill_switch{folder.path()};
  Event event;
  std::string condition;
  const WallTime begin = clock.now();
};

TEST_F(FactsTest, AreWhatTheDriverAndPrometheusSay) {
  const Facts facts = gather(EventKind::alert_firing);
  EXPECT_TRUE(facts.live_known);
  EXPECT_EQ(facts.live_release, "2");
  EXPECT_EQ(facts.kept_releases, (std::vector<std::string>{"1", "2"}));
  ASSERT_TRUE(facts.alert);
  EXPECT_TRUE(facts.alert->firing);
  EXPECT_FALSE(facts.disarmed);
  EXPECT_EQ(facts.gathered_at, begin);
  EXPECT_EQ(clock.now(), begin) << "without waiting";
}

TEST_F(FactsTest, NothingLiveIsAnAnswerToo) {
  driver.set_live(std::nullopt);
  const Facts facts = gather(EventKind::deploy_requested);
  EXPECT_TRUE(facts.live_known);
  EXPECT_FALSE(facts.live_release);
}

TEST_F(FactsTest, PrometheusIsAskedOnlyAboutAlerts) {
  alerts.on_ask = [](const auto&, const auto&) {
    ADD_FAILURE() << "asked";
    return AlertFacts();
  };
  EXPECT_FALSE(gather(EventKind::deploy_requested).alert);
}

TEST_F(FactsTest, ASilentDriverIsAskedUntilItAnswers) {
  driver.set_problem("no end within its deadline");
  driver.on_question = [&]() {
    if (clock.now() - begin >= seconds(5)) driver.set_problem("");
  };
  const Facts facts = gather(EventKind::alert_firing);
  EXPECT_TRUE(facts.live_known);
  EXPECT_EQ(clock.now() - begin, seconds(5));
}

TEST_F(FactsTest, PatienceHasAnEndAndTheReasonIsKept) {
  driver.set_problem("exit status 1: no socket");
  const Facts facts = gather(EventKind::alert_firing);
  EXPECT_FALSE(facts.live_known);
  EXPECT_FALSE(facts.live_release);
  EXPECT_EQ(facts.driver_problem, "exit status 1: no socket");
  EXPECT_EQ(clock.now() - begin, seconds(30));
  EXPECT_FALSE(is_complete(event, facts));
}

TEST_F(FactsTest, ASilentPrometheusIsWaitedForWhereAnAlertFires) {
  alerts.answer(ScriptedAlerts::silent());
  EXPECT_FALSE(gather(EventKind::alert_firing).alert->known);
  EXPECT_EQ(clock.now() - begin, seconds(30));
}

TEST_F(FactsTest, AResolvedAlertWaitsForNobody) {
  alerts.answer(ScriptedAlerts::silent());
  driver.set_problem("no answer");
  gather(EventKind::alert_resolved);
  EXPECT_EQ(clock.now(), begin);
}

TEST_F(FactsTest, ABackupNeedsNoDriver) {
  driver.set_problem("no answer");
  gather(EventKind::backup_requested);
  EXPECT_EQ(clock.now(), begin);
}

TEST_F(FactsTest, ARulesConditionIsAskedWhateverTheEvent) {
  condition = "hour() >= 6";
  alerts.on_condition = [](const std::string& query) {
    EXPECT_EQ(query, "hour() >= 6");
    return ScriptedAlerts::not_met();
  };
  for (const EventKind kind : {EventKind::alert_firing, EventKind::deploy_failed,
                               EventKind::backup_requested, EventKind::alert_resolved}) {
    const Facts facts = gather(kind);
    ASSERT_TRUE(facts.condition) << to_string(kind);
    EXPECT_TRUE(facts.condition->known);
    EXPECT_FALSE(facts.condition->met);
  }
  EXPECT_EQ(clock.now(), begin) << "an empty result is an answer";
}

TEST_F(FactsTest, WithoutAConditionNoneIsAsked) {
  alerts.on_condition = [](const auto&) {
    ADD_FAILURE() << "asked";
    return ScriptedAlerts::met();
  };
  EXPECT_FALSE(gather(EventKind::deploy_requested).condition);
}

TEST_F(FactsTest, AConditionIsAskedUntilItIsAnswered) {
  condition = "up";
  alerts.on_condition = [&](const auto&) {
    const bool is_back = clock.now() - begin >= seconds(5);
    return is_back ? ScriptedAlerts::met() : ScriptedAlerts::unanswered();
  };
  EXPECT_TRUE(gather(EventKind::backup_requested).condition->met);
  EXPECT_EQ(clock.now() - begin, seconds(5));
  alerts.on_condition = [](const auto&) { return ScriptedAlerts::unanswered(); };
  EXPECT_FALSE(gather(EventKind::alert_resolved).condition->known);
  EXPECT_EQ(clock.now() - begin, seconds(35)) << "patience has an end";
}

TEST_F(FactsTest, AnExceptionLeavesTheConditionUnknown) {
  condition = "up";
  alerts.on_condition = [](const auto&) -> ConditionFacts { throw std::bad_alloc(); };
  const Facts facts = gather(EventKind::backup_requested, seconds(0));
  ASSERT_TRUE(facts.condition);
  EXPECT_FALSE(is_complete(event, facts));
  EXPECT_EQ(facts.condition->problem, "std::bad_alloc");
}

TEST_F(FactsTest, WithoutPatienceIsAskedOnce) {
  driver.set_problem("no answer");
  int questions = 0;
  driver.on_question = [&]() { ++questions; };
  gather(EventKind::alert_firing, seconds(0));
  EXPECT_EQ(questions, 1);
  EXPECT_EQ(clock.now(), begin);
}

TEST_F(FactsTest, AStopEndsTheWaiting) {
  driver.set_problem("no answer");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(gather(EventKind::alert_firing, seconds(30), stop.get_token()).live_known);
  EXPECT_EQ(clock.now(), begin);
}

TEST_F(FactsTest, TheKillSwitchIsAFile) {
  EXPECT_FALSE(kill_switch.is_disarmed());
  disarm();
  EXPECT_TRUE(kill_switch.is_disarmed());
  EXPECT_TRUE(gather(EventKind::alert_firing).disarmed);
  std::filesystem::remove(folder.path("disarmed"));
  EXPECT_FALSE(kill_switch.is_disarmed());
  std::filesystem::create_symlink("nowhere", folder.path("disarmed"));
  EXPECT_TRUE(kill_switch.is_disarmed()) << "whatever it is";
}

TEST_F(FactsTest, AFolderThatCannotBeLookedIntoIsDisarmed) {
  std::filesystem::create_symlink("loop", folder.path("loop"));
  EXPECT_TRUE(KillSwitch(folder.path("loop")).is_disarmed());
}

TEST_F(FactsTest, AreJournalledWithWhatIsUnknownLeftOut) {
  Facts facts = gather(EventKind::alert_firing);
  facts.alert->active_at = parse_rfc3339("2026-11-23T08:00:10Z").value_or(WallTime());
  EXPECT_EQ(to_json(facts),
            R"({"alert":{"active_at":"2026-11-23T08:00:10.000Z","firing":true,"has_data":true,)"
            R"("known":true},"disarmed":false,"kept_releases":["1","2"],"live_release":"2"})");
  driver.set_problem("no answer");
  alerts.answer(ScriptedAlerts::silent());
  EXPECT_EQ(to_json(gather(EventKind::alert_firing)),
            R"({"alert":{"known":false,"problem":"connection refused"},"disarmed":false,)"
            R"("driver_problem":"no answer","kept_releases":[]})");
}

TEST_F(FactsTest, AConditionIsJournalledWithItsQuery) {
  condition = "up == 1";
  driver.set_kept({});
  EXPECT_EQ(to_json(gather(EventKind::deploy_requested)),
            R"({"disarmed":false,"kept_releases":[],"live_release":"2",)"
            R"("when":{"known":true,"met":true,"query":"up == 1"}})");
  alerts.on_condition = [](const auto&) { return ScriptedAlerts::not_met(); };
  EXPECT_NE(to_json(gather(EventKind::deploy_requested)).find(R"("met":false)"), std::string::npos);
  alerts.on_condition = [](const auto&) { return ScriptedAlerts::unanswered(); };
  EXPECT_EQ(to_json(gather(EventKind::deploy_requested)),
            R"({"disarmed":false,"kept_releases":[],"live_release":"2",)"
            R"("when":{"known":false,"problem":"connection refused","query":"up == 1"}})");
}

TEST_F(FactsTest, BytesThatAreNotUtf8DoNotKeepThemFromTheJournal) {
  driver.set_problem("\xff\xfe");
  EXPECT_NE(to_json(gather(EventKind::deploy_requested)).find("driver_problem"), std::string::npos);
}

}  // namespace
}  // namespace backstay
