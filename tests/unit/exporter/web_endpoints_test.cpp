#include <gtest/gtest.h>

#include "exporter/web/endpoints.h"
#include "tests/manual_clock.h"

namespace backstay::web {
namespace {

using std::chrono::milliseconds;

Request with_timeout(const std::string& value) {
  Request request;
  request.headers = {{"x-prometheus-scrape-timeout-seconds", value}};
  return request;
}

TEST(ScrapeTime, IsWhatPrometheusWaitsLessTheWayBack) {
  EXPECT_EQ(scrape_time(with_timeout("10")), milliseconds(9500));
  EXPECT_EQ(scrape_time(with_timeout("2.5")), milliseconds(2000));
  EXPECT_EQ(scrape_time(with_timeout("0.55")), milliseconds(100));
  EXPECT_EQ(scrape_time(with_timeout("0.1")), milliseconds(100));
}

TEST(ScrapeTime, IsTheDefaultWhereTheHeaderSaysNothing) {
  EXPECT_EQ(scrape_time(Request{}), milliseconds(9500));
  for (const char* value : {"", "soon", "-1", "0", "nan", "inf", "1e9"}) {
    EXPECT_EQ(scrape_time(with_timeout(value)), milliseconds(9500)) << value;
  }
}

struct WebEndpointsTest : ::testing::Test {
  Response answer(const std::string& path, const std::string& method = "GET") {
    Request request = with_timeout("3");
    request.method = method;
    request.path = path;
    return endpoints.handle(request);
  }
  test::ManualClock clock;
  health::Components components{{}, clock};
  SteadyTime deadline;
  Endpoints endpoints{"/metrics",
                      [this](SteadyTime until) {
                        deadline = until;
                        return std::string("a 1\n");
                      },
                      components, clock};
};

TEST_F(WebEndpointsTest, Metrics) {
  const Response response = answer("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "a 1\n");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(deadline, clock.steady() + milliseconds(2500));
}

TEST_F(WebEndpointsTest, EveryPathAnswers) {
  for (const char* path : {"/health", "/health/live", "/health/ready", "/health/detailed"}) {
    EXPECT_EQ(answer(path).status, 200) << path;
    EXPECT_EQ(answer(path).content_type, "application/json") << path;
  }
  EXPECT_EQ(answer("/-/healthy").status, 200);
  EXPECT_EQ(answer("/-/ready").status, 200);
  const Response landing = answer("/");
  EXPECT_EQ(landing.status, 200);
  EXPECT_NE(landing.body.find("href=\"/metrics\""), std::string::npos);
  EXPECT_EQ(landing.content_type, "text/html; charset=utf-8");
}

TEST_F(WebEndpointsTest, WhatIsUnknownIs404) {
  for (const char* path : {"/metricsx", "/metrics/", "/health/", "/favicon.ico", ""}) {
    EXPECT_EQ(answer(path).status, 404) << path;
  }
}

TEST_F(WebEndpointsTest, OnlyGetAndHead) {
  EXPECT_EQ(answer("/metrics", "HEAD").status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(answer("/metrics", method).status, 405) << method;
    EXPECT_EQ(answer("/nowhere", method).status, 405) << method;
  }
}

TEST_F(WebEndpointsTest, TheMetricsMayHaveAnotherPath) {
  const Endpoints elsewhere(
      "/", [](SteadyTime) { return std::string("b 2\n"); }, components, clock);
  Request request;
  request.method = "GET";
  request.path = "/";
  EXPECT_EQ(elsewhere.handle(request).body, "b 2\n");
  request.path = "/metrics";
  EXPECT_EQ(elsewhere.handle(request).status, 404);
}

}  // namespace
}  // namespace backstay::web
