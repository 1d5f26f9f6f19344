#include <future>

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
  Response metrics(const std::string& query, std::map<std::string, std::string> headers = {}) {
    return endpoints.handle({"GET", "/metrics", query, std::move(headers)});
  }
  static std::string header(const Response& response, const std::string& wanted) {
    for (const auto& [name, value] : response.headers) {
      if (name == wanted) return value;
    }
    return "";
  }

  test::ManualClock clock;
  health::Components components{{}, clock};
  ScrapeRequest asked;
  int scrapes = 0;
  Endpoints endpoints{{"/metrics", {"stat_database", "stat_activity"}, 0},
                      [this](const ScrapeRequest& request) {
                        asked = request;
                        ++scrapes;
                        return std::string("a 1\n");
                      },
                      components,
                      clock};
};

TEST_F(WebEndpointsTest, Metrics) {
  const Response response = answer("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "a 1\n");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(header(response, "Vary"), "Accept, Accept-Encoding");
  EXPECT_EQ(header(response, "Content-Encoding"), "");
  EXPECT_EQ(asked.deadline, clock.steady() + milliseconds(2500));
  EXPECT_EQ(asked.filter, collectors::CollectorFilter());
  EXPECT_EQ(asked.format, metrics::Format::text);
}

TEST_F(WebEndpointsTest, OpenMetricsForWhoPrefersIt) {
  const Response response = metrics("", {{"accept", "application/openmetrics-text;version=1.0.0"}});
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(asked.format, metrics::Format::openmetrics);
}

TEST_F(WebEndpointsTest, GzipForWhoAcceptsIt) {
  const Response response = metrics("", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(response, "Vary"), "Accept, Accept-Encoding");
  EXPECT_EQ(response.body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(metrics("", {{"accept-encoding", "gzip;q=0"}}).body, "a 1\n");
}

TEST_F(WebEndpointsTest, TheQueryChoosesCollectors) {
  EXPECT_EQ(metrics("collect[]=stat_activity").status, 200);
  EXPECT_EQ(asked.filter, collectors::CollectorFilter::only({"stat_activity"}));
  EXPECT_EQ(metrics("exclude[]=stat_activity").status, 200);
  EXPECT_EQ(asked.filter, collectors::CollectorFilter::all_but({"stat_activity"}));
}

TEST_F(WebEndpointsTest, AWrongQueryIsA400AndNothingIsScraped) {
  const Response unknown = metrics("collect[]=nobody");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("there is no collector \"nobody\""), std::string::npos);
  EXPECT_EQ(metrics("collect[]=stat_activity&exclude[]=stat_database").status, 400);
  EXPECT_EQ(metrics("collect[]=%").status, 400);
  EXPECT_EQ(scrapes, 0);
}

TEST_F(WebEndpointsTest, MoreScrapesThanMayBeAtOnceAre503) {
  std::promise<void> begun;
  std::promise<void> may_end;
  Endpoints narrow(
      {"/metrics", {}, 1},
      [&](const ScrapeRequest&) {
        begun.set_value();
        may_end.get_future().wait();
        return std::string("a 1\n");
      },
      components, clock);
  const Request request{"GET", "/metrics", "", {}};
  auto first = std::async(std::launch::async, [&]() { return narrow.handle(request).status; });
  begun.get_future().wait();
  EXPECT_EQ(narrow.handle(request).status, 503);
  EXPECT_EQ(narrow.handle({"GET", "/-/healthy", "", {}}).status, 200);
  may_end.set_value();
  EXPECT_EQ(first.get(), 200);
  ASSERT_EQ(narrow.families().size(), 1U);
  EXPECT_EQ(narrow.families()[0].name, "backstay_scrapes_refused_total");
  EXPECT_EQ(narrow.families()[0].samples[0].value, 1);
  begun = std::promise<void>();
  may_end = std::promise<void>();
  may_end.set_value();
  EXPECT_EQ(narrow.handle(request).status, 200);  // it did not only count up
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
  Endpoints elsewhere(
      {"/", {}, 0}, [](const ScrapeRequest&) { return std::string("b 2\n"); }, components, clock);
  Request request;
  request.method = "GET";
  request.path = "/";
  EXPECT_EQ(elsewhere.handle(request).body, "b 2\n");
  request.path = "/metrics";
  EXPECT_EQ(elsewhere.handle(request).status, 404);
}

}  // namespace
}  // namespace backstay::web
