// confirmed: the alert has data and has been clear for its window.

#include "receiver/actions/confirm.h"

#include <gtest/gtest.h>

#include "tests/manual_clock.h"
#include "tests/scripted_alerts.h"

namespace backstay {
namespace {

using std::chrono::seconds;
using test::ScriptedAlerts;

struct ConfirmTest : ::testing::Test {
  ConfirmTest() {
    event.subject = "ErrorRatioHigh";
    event.labels = {{"service", "shop"}};
  }
  // What Prometheus says at each question; the last answer stays.
  StepResult confirm(const std::vector<AlertFacts>& answers, const std::stop_token& stop = {}) {
    std::size_t next = 0;
    alerts.on_ask = [&](const std::string& alert,
                        const std::map<std::string, std::string>& labels) {
      EXPECT_EQ(alert, "ErrorRatioHigh");
      EXPECT_EQ(labels, event.labels);
      return answers[std::min(next++, answers.size() - 1)];
    };
    return Confirm({seconds(10), seconds(60), seconds(1)}, alerts, clock)
        .perform({run, event, 1, stop});
  }
  static AlertFacts without_data() { return {true, false, false, std::nullopt, ""}; }

  test::ManualClock clock;
  ScriptedAlerts alerts;
  journal::Run run;
  Event event;
  const WallTime begin = clock.now();
};

TEST_F(ConfirmTest, NeedsAClearAlertForItsWindow) {
  const StepResult result = confirm({ScriptedAlerts::firing(), ScriptedAlerts::clear()});
  EXPECT_EQ(result.outcome, Outcome::done) << result.detail;
  EXPECT_EQ(result.detail, "ErrorRatioHigh has data and has been clear for 10s");
  EXPECT_EQ(clock.now() - begin, seconds(11)) << "one second firing, ten clear";
}

TEST_F(ConfirmTest, AnAlertThatStaysIsNotConfirmed) {
  const StepResult result = confirm({ScriptedAlerts::firing()});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "not confirmed within 1m: ErrorRatioHigh is still pending or firing");
  EXPECT_EQ(clock.now() - begin, seconds(60));
}

TEST_F(ConfirmTest, AnAlertThatClearsBecauseItsDataAreGoneIsNotConfirmed) {
  const StepResult result = confirm({without_data()});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "not confirmed within 1m: there are no data behind ErrorRatioHigh");
}

TEST_F(ConfirmTest, APrometheusThatIsSilentConfirmsNothing) {
  const StepResult result = confirm({ScriptedAlerts::silent()});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "not confirmed within 1m: connection refused");
}

TEST_F(ConfirmTest, AMomentWithoutAnAnswerOrDataOrWithTheAlertStartsTheWindowAgain) {
  for (const AlertFacts& moment :
       {ScriptedAlerts::silent(), ScriptedAlerts::firing(), without_data()}) {
    std::vector<AlertFacts> answers(5, ScriptedAlerts::clear());
    answers.push_back(moment);
    answers.push_back(ScriptedAlerts::clear());
    const WallTime from = clock.now();
    EXPECT_EQ(confirm(answers).outcome, Outcome::done);
    EXPECT_EQ(clock.now() - from, seconds(16));
  }
}

TEST_F(ConfirmTest, ClearForTooShortATimeIsSaidSo) {
  std::vector<AlertFacts> answers(55, ScriptedAlerts::firing());
  answers.push_back(ScriptedAlerts::clear());
  const StepResult result = confirm(answers);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "not confirmed within 1m: it was clear for too short a time");
}

TEST_F(ConfirmTest, StoppedItIsUnknownAndDoneAgain) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(confirm({ScriptedAlerts::clear()}, stop.get_token()).outcome, Outcome::unknown);
  Confirm action({}, alerts, clock);
  EXPECT_EQ(action.check({run, event, 1, {}}).finding, Finding::not_done);
}

}  // namespace
}  // namespace backstay
