// verified and confirmed: what counts as proof, and what does not.

#include <deque>

#include <gtest/gtest.h>

#include "receiver/actions/confirm.h"
#include "receiver/actions/verify.h"
#include "receiver/prometheus_alerts.h"
#include "tests/manual_clock.h"

namespace backstay {
namespace {

using std::chrono::seconds;

// Answers by path; the last answer of a path stays.
class ScriptedHttp final : public HttpClient {
 public:
  void answer(const std::string& path, int status, const std::string& body) {
    answers_[path].push_back(HttpResponse{status, body});
  }
  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::size_t begin = request.url.find('/', 7);
    auto& queue = answers_[request.url.substr(begin, request.url.find('?') - begin)];
    if (queue.empty()) return fail("connection refused");
    HttpResponse response = queue.front();
    if (queue.size() > 1) queue.pop_front();
    return response;
  }

 private:
  std::map<std::string, std::deque<HttpResponse>> answers_;
};

struct FinishLines : ::testing::Test {
  FinishLines() {
    run.release_to = "1";
    event.subject = "ErrorRatioHigh";
    event.labels = {{"alertname", "ErrorRatioHigh"}, {"service", "shop"}, {"severity", "critical"}};
  }
  StepResult verify() {
    return Verify({"http://app/health", "http://app/version", seconds(5), seconds(1)}, http, clock)
        .perform({run, event, 1, {}});
  }
  StepResult confirm() {
    PrometheusAlerts alerts("http://prometheus", http);
    return Confirm({seconds(10), seconds(60), seconds(1)}, alerts, clock)
        .perform({run, event, 1, {}});
  }
  static std::string rules(const std::string& alerts, const std::string& health = "ok") {
    return R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh", "health": ")" + health +
           R"(", "labels": {"severity": "critical"}, "annotations": {"data_query": "ratio"},
               "alerts": [)" +
           alerts + "]}]}]}}";
  }
  static std::string active(const std::string& service, const std::string& state = "firing") {
    return R"({"labels": {"alertname": "ErrorRatioHigh", "service": ")" + service +
           R"("}, "state": ")" + state + R"(", "activeAt": "2026-11-23T08:00:00Z"})";
  }
  static std::string series(const std::string& service) {
    return R"({"data": {"result": [{"metric": {"service": ")" + service + R"("}}]}})";
  }

  test::ManualClock clock;
  ScriptedHttp http;
  journal::Run run;
  Event event;
};

TEST_F(FinishLines, VerifiedNeedsHealthAndTheRightVersion) {
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "1"})");
  EXPECT_EQ(verify().outcome, Outcome::done);
}

TEST_F(FinishLines, AnotherReleaseThatIsHealthyIsNoProof) {
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "2"})");
  const StepResult result = verify();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "version is not that of release 1, for 5s");
}

TEST_F(FinishLines, VerifyAsksUntilTheServiceIsUp) {
  http.answer("/health", 503, "");
  http.answer("/health", 503, "");
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "1"})");
  EXPECT_EQ(verify().outcome, Outcome::done);
}

TEST_F(FinishLines, ASilentOrGarbledServiceIsNotVerified) {
  EXPECT_EQ(verify().outcome, Outcome::failed);
  http.answer("/health", 200, "");
  http.answer("/version", 200, "release 1");
  EXPECT_EQ(verify().outcome, Outcome::failed);
}

TEST_F(FinishLines, ConfirmedNeedsDataAndAClearAlertForItsWindow) {
  http.answer("/api/v1/rules", 200, rules(active("shop")));
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, series("shop"));
  const WallTime begin = clock.now();
  const StepResult result = confirm();
  EXPECT_EQ(result.outcome, Outcome::done) << result.detail;
  EXPECT_EQ(clock.now() - begin, seconds(11)) << "one second firing, ten clear";
}

TEST_F(FinishLines, APendingAlertIsNotClear) {
  http.answer("/api/v1/rules", 200, rules(active("shop", "pending")));
  http.answer("/api/v1/query", 200, series("shop"));
  EXPECT_EQ(confirm().outcome, Outcome::failed);
}

TEST_F(FinishLines, AnAlertThatClearsBecauseItsDataAreGoneIsNotConfirmed) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, R"({"data": {"result": []}})");
  const StepResult result = confirm();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.detail.find("no data"), std::string::npos) << result.detail;
}

TEST_F(FinishLines, DataOfAnotherServiceProveNothing) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, series("another"));
  EXPECT_EQ(confirm().outcome, Outcome::failed);
}

TEST_F(FinishLines, TheSameAlertOfAnotherServiceDoesNotMatter) {
  http.answer("/api/v1/rules", 200, rules(active("another")));
  http.answer("/api/v1/query", 200, series("shop"));
  EXPECT_EQ(confirm().outcome, Outcome::done);
}

TEST_F(FinishLines, AMomentWithoutAnAnswerStartsTheWindowAgain) {
  for (int i = 0; i < 5; ++i) http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/rules", 503, "");
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, series("shop"));
  const WallTime begin = clock.now();
  EXPECT_EQ(confirm().outcome, Outcome::done);
  EXPECT_EQ(clock.now() - begin, seconds(16));
}

TEST_F(FinishLines, ARuleThatPrometheusDoesNotHaveConfirmsNothing) {
  http.answer("/api/v1/rules", 200, R"({"data": {"groups": []}})");
  const StepResult result = confirm();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.detail.find("no alerting rule"), std::string::npos) << result.detail;
}

TEST_F(FinishLines, ARuleOfAnotherSeverityIsAnotherRule) {
  event.labels["severity"] = "warning";
  http.answer("/api/v1/rules", 200, rules(active("shop")));
  PrometheusAlerts alerts("http://prometheus", http);
  EXPECT_FALSE(alerts.ask("ErrorRatioHigh", event.labels).known);
}

TEST_F(FinishLines, ARuleThatCannotBeEvaluatedIsNotKnown) {
  http.answer("/api/v1/rules", 200, rules("", "err"));
  PrometheusAlerts alerts("http://prometheus", http);
  EXPECT_FALSE(alerts.ask("ErrorRatioHigh", event.labels).known);
}

TEST_F(FinishLines, GarbageFromPrometheusIsNotKnown) {
  http.answer("/api/v1/rules", 200, R"({"data": 5})");
  PrometheusAlerts alerts("http://prometheus", http);
  const AlertFacts facts = alerts.ask("ErrorRatioHigh", event.labels);
  EXPECT_FALSE(facts.known);
  EXPECT_FALSE(facts.problem.empty());
}

}  // namespace
}  // namespace backstay
