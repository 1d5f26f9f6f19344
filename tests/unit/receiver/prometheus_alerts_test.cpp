#include "receiver/policy/prometheus_alerts.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "tests/scripted_http.h"

namespace backstay {
namespace {

struct PrometheusAlertsTest : ::testing::Test {
  AlertFacts ask(const std::string& severity = "critical") {
    return PrometheusAlerts("http://prometheus", http)
        .ask("ErrorRatioHigh",
             {{"alertname", "ErrorRatioHigh"}, {"service", "shop"}, {"severity", severity}});
  }
  void expect_unknown(const std::string& problem) {
    const AlertFacts facts = ask();
    EXPECT_FALSE(facts.known);
    EXPECT_EQ(facts.problem, problem);
  }
  static std::string rules(const std::string& alerts, const std::string& health = "ok",
                           const std::string& annotations = R"("data_query": "ratio")") {
    return R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh", "health": ")" + health +
           R"(", "labels": {"severity": "critical"}, "annotations": {)" + annotations +
           R"(}, "alerts": [)" + alerts + "]}]}]}}";
  }
  static std::string active(const std::string& service, const std::string& state = "firing") {
    return R"({"labels": {"alertname": "ErrorRatioHigh", "service": ")" + service +
           R"("}, "state": ")" + state + R"(", "activeAt": "2026-11-23T08:00:00Z"})";
  }
  static std::string series(const std::string& service) {
    return R"({"data": {"result": [{"metric": {"service": ")" + service + R"("}}]}})";
  }
  test::ScriptedHttp http;
};

TEST_F(PrometheusAlertsTest, AnAlertThatFiresHasDataByItself) {
  http.answer("/api/v1/rules", 200, rules(active("shop")));
  const AlertFacts facts = ask();
  EXPECT_TRUE(facts.known) << facts.problem;
  EXPECT_TRUE(facts.firing);
  EXPECT_TRUE(facts.has_data);
  EXPECT_EQ(format_rfc3339(facts.active_at.value_or(WallTime())), "2026-11-23T08:00:00.000Z");
}

TEST_F(PrometheusAlertsTest, APendingAlertIsNotClear) {
  http.answer("/api/v1/rules", 200, rules(active("shop", "pending")));
  EXPECT_TRUE(ask().firing);
}

// The later one would put an alert that is older than the release after it.
TEST_F(PrometheusAlertsTest, OfSeveralThatAreTheSameTheEarliestCounts) {
  const auto since = [](const std::string& labels, const std::string& time) {
    return R"({"labels": {"alertname": "ErrorRatioHigh")" + labels +
           R"(}, "state": "firing", "activeAt": "2026-11-23T)" + time + R"(Z"})";
  };
  const std::string early = since(R"(, "service": "shop")", "07:00:00");
  for (const std::string& late :
       {since(R"(, "service": "shop")", "08:00:00"), since("", "08:00:00")}) {
    for (const std::string& both : {early + "," + late, late + "," + early}) {
      http = test::ScriptedHttp();
      http.answer("/api/v1/rules", 200, rules(both));
      const AlertFacts facts = ask();
      EXPECT_TRUE(facts.known) << facts.problem;
      EXPECT_EQ(format_rfc3339(facts.active_at.value_or(WallTime())), "2026-11-23T07:00:00.000Z")
          << both;
    }
  }
}

TEST_F(PrometheusAlertsTest, AnAlertThatIsClearHasDataWhereItsQueryHas) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, series("shop"));
  const AlertFacts facts = ask();
  EXPECT_TRUE(facts.known);
  EXPECT_FALSE(facts.firing);
  EXPECT_TRUE(facts.has_data);
  EXPECT_EQ(http.requests.back().url, "http://prometheus/api/v1/query?query=ratio");
}

TEST_F(PrometheusAlertsTest, WithoutAResultOrAQueryThereAreNoData) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, R"({"data": {"result": []}})");
  EXPECT_FALSE(ask().has_data);
  test::ScriptedHttp without_query;
  without_query.answer("/api/v1/rules", 200, rules("", "ok", ""));
  EXPECT_FALSE(PrometheusAlerts("http://prometheus", without_query)
                   .ask("ErrorRatioHigh", {{"severity", "critical"}})
                   .has_data);
}

TEST_F(PrometheusAlertsTest, DataOfAnotherServiceProveNothing) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, series("another"));
  const AlertFacts facts = ask();
  EXPECT_TRUE(facts.known);
  EXPECT_FALSE(facts.has_data);
}

TEST_F(PrometheusAlertsTest, TheSameAlertOfAnotherServiceDoesNotMatter) {
  http.answer("/api/v1/rules", 200, rules(active("another")));
  http.answer("/api/v1/query", 200, series("shop"));
  EXPECT_FALSE(ask().firing);
}

TEST_F(PrometheusAlertsTest, TheQueryIsSentAsItIsWritten) {
  http.answer("/api/v1/rules", 200, rules("", "ok", R"("data_query": "a{b=\"c\"} + 1 & d")"));
  http.answer("/api/v1/query", 200, series("shop"));
  ask();
  EXPECT_EQ(http.requests.back().url,
            "http://prometheus/api/v1/query?query=a%7Bb%3D%22c%22%7D%20%2B%201%20%26%20d");
}

TEST_F(PrometheusAlertsTest, ARuleThatPrometheusDoesNotHaveIsNotKnown) {
  http.answer("/api/v1/rules", 200, R"({"data": {"groups": []}})");
  expect_unknown("Prometheus has no alerting rule of that name and labels");
}

TEST_F(PrometheusAlertsTest, ARuleOfAnotherSeverityIsAnotherRule) {
  http.answer("/api/v1/rules", 200, rules(active("shop")));
  EXPECT_FALSE(ask("warning").known);
}

TEST_F(PrometheusAlertsTest, ARuleThatCannotBeEvaluatedIsNotKnown) {
  http.answer("/api/v1/rules", 200, rules("", "err"));
  expect_unknown("Prometheus cannot evaluate the rule");
}

// As just after a start of Prometheus: no alert is active, because none was looked for.
TEST_F(PrometheusAlertsTest, ARuleThatWasNotEvaluatedYetIsNotKnown) {
  http.answer("/api/v1/rules", 200, rules("", "unknown"));
  http.answer("/api/v1/query", 200, series("shop"));
  expect_unknown("Prometheus has not evaluated the rule yet");
}

TEST_F(PrometheusAlertsTest, NoAnswerAndAnErrorAreNotKnown) {
  expect_unknown("connection refused");
  http.answer("/api/v1/rules", 503, "");
  expect_unknown("Prometheus answers 503");
}

TEST_F(PrometheusAlertsTest, ADataQueryThatIsNotAnsweredLeavesItUnknown) {
  http.answer("/api/v1/rules", 200, rules(""));
  expect_unknown("connection refused");
  http.answer("/api/v1/query", 422, "");
  expect_unknown("data_query answers 422");
}

TEST_F(PrometheusAlertsTest, GarbageIsNotKnown) {
  for (
      const char* body :
      {"", "{", "[]", R"({"data": 5})", R"({"data": {"groups": [{"rules": [5]}]}})",
       R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh"}]}]}})",
       R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh", "labels": {"severity": 1},
            "alerts": []}]}]}})",
       R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh", "alerts": ["firing"]}]}]}})"}) {
    test::ScriptedHttp garbled;
    garbled.answer("/api/v1/rules", 200, body);
    const AlertFacts facts = PrometheusAlerts("http://prometheus", garbled)
                                 .ask("ErrorRatioHigh", {{"severity", "critical"}});
    EXPECT_FALSE(facts.known) << body;
    EXPECT_EQ(facts.problem, "Prometheus' answer is not what its API promises") << body;
  }
}

// Labels may have any name, also those of a rule's fields.
TEST_F(PrometheusAlertsTest, LabelsThatAreCalledLikeARulesFieldsTellServicesApart) {
  const auto named = [](const std::string& service) {
    return R"({"labels": {"alertname": "ErrorRatioHigh", "alerts": "page", "name": "a", "service": ")" +
           service + R"("}, "state": "firing", "activeAt": "2026-11-23T08:00:00Z"})";
  };
  const std::map<std::string, std::string> labels = {{"alertname", "ErrorRatioHigh"},
                                                     {"service", "shop"},
                                                     {"severity", "critical"},
                                                     {"alerts", "page"},
                                                     {"name", "a"}};
  http.answer("/api/v1/query", 200, series("shop"));
  http.answer("/api/v1/rules", 200, rules(named("another")));
  http.answer("/api/v1/rules", 200, rules(named("shop")));
  const AlertFacts others =
      PrometheusAlerts("http://prometheus", http).ask("ErrorRatioHigh", labels);
  EXPECT_TRUE(others.known) << others.problem;
  EXPECT_FALSE(others.firing);
  EXPECT_TRUE(PrometheusAlerts("http://prometheus", http).ask("ErrorRatioHigh", labels).firing);
}

TEST_F(PrometheusAlertsTest, ARulesOwnLabelCalledAlertsTellsRulesApart) {
  http.answer("/api/v1/rules", 200, R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh",
      "health": "ok", "labels": {"alerts": "page", "name": "a", "severity": "critical"},
      "alerts": []}]}]}})");
  expect_unknown("Prometheus has no alerting rule of that name and labels");
}

TEST_F(PrometheusAlertsTest, WithoutLabelsNothingIsTheSame) {
  for (const char* alert :
       {R"({"state": "firing", "activeAt": "2026-11-23T08:00:00Z"})",
        R"({"labels": [], "state": "firing"})", R"({"labels": null, "state": "firing"})"}) {
    http = test::ScriptedHttp();
    http.answer("/api/v1/rules", 200, rules(alert));
    expect_unknown("Prometheus' answer is not what its API promises");
    EXPECT_FALSE(ask().firing) << alert;
  }
  http = test::ScriptedHttp();
  http.answer("/api/v1/query", 200, series("shop"));
  http.answer("/api/v1/rules", 200, rules(R"({"labels": {}, "state": "firing"})"));
  EXPECT_FALSE(ask().firing);
  http = test::ScriptedHttp();
  http.answer("/api/v1/rules", 200, R"({"data": {"groups": [{"rules": [{"name": "ErrorRatioHigh",
      "health": "ok", "alerts": []}]}]}})");
  expect_unknown("Prometheus' answer is not what its API promises");
}

TEST_F(PrometheusAlertsTest, ASeriesWithoutLabelsProvesNothing) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, R"({"data": {"result": [{"value": [0, "1"]}]}})");
  expect_unknown("Prometheus' answer is not what its API promises");
}

TEST_F(PrometheusAlertsTest, OfTenThousandAlertsOfOneRuleTheLastIsFound) {
  std::string alerts;
  for (int i = 0; i < 10'000; ++i) alerts += active("service-" + std::to_string(i)) + ",";
  http.answer("/api/v1/query", 200, series("shop"));
  http.answer("/api/v1/rules", 200, rules(alerts + active("another")));
  http.answer("/api/v1/rules", 200, rules(alerts + active("shop")));
  EXPECT_FALSE(ask().firing);
  const AlertFacts facts = ask();
  EXPECT_TRUE(facts.known) << facts.problem;
  EXPECT_TRUE(facts.firing);
}

TEST_F(PrometheusAlertsTest, AnAnswerThatIsNestedTooDeeplyIsNotKnown) {
  http.answer("/api/v1/rules", 200, rules(std::string(100'000, '[') + std::string(100'000, ']')));
  expect_unknown("Prometheus' answer is not what its API promises");
}

TEST_F(PrometheusAlertsTest, GarbageInPlaceOfDataIsNotKnown) {
  http.answer("/api/v1/rules", 200, rules(""));
  http.answer("/api/v1/query", 200, "<html>");
  expect_unknown("Prometheus' answer is not what its API promises");
}

// What /api/v1/rules answers where another rule has very many active alerts, of 1 KB each.
std::string storm_of(int alerts, const std::string& ours) {
  const std::string one = R"({"labels": {"alertname": "Other"}, "annotations": {"description": ")" +
                          std::string(1000, 'x') + R"("}, "state": "firing"})";
  std::string others;
  for (int i = 0; i < alerts; ++i) others += (others.empty() ? "" : ",") + one;
  return R"({"data": {"groups": [{"rules": [{"name": "Other", "health": "ok", "alerts": [)" +
         others + "]}]}," + ours.substr(ours.find("[{") + 1);
}

TEST_F(PrometheusAlertsTest, AStormOfOtherAlertsHidesNone) {
  http.answer("/api/v1/rules", 200, storm_of(10'000, rules(active("shop"))));
  const AlertFacts facts = ask();
  EXPECT_TRUE(facts.known) << facts.problem;
  EXPECT_TRUE(facts.firing);
}

TEST_F(PrometheusAlertsTest, AnAnswerWithoutEndIsNotKnown) {
  http.answer("/api/v1/rules", 200, storm_of(33'000, rules(active("shop"))));
  expect_unknown("the answer is larger than 33554432 bytes");
}

}  // namespace
}  // namespace backstay
