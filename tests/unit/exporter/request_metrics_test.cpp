#include "exporter/requests/request_metrics.h"

#include <map>
#include <numeric>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

using Counts = std::map<std::string, double>;

formats::AccessEvent request(std::string_view method, std::string_view target, int status,
                             std::optional<double> seconds = std::nullopt) {
  formats::AccessEvent event;
  event.method = method;
  event.target = target;
  event.status = status;
  event.duration_seconds = seconds;
  return event;
}

const metrics::Family& family(const metrics::Families& families, const std::string& name) {
  for (const metrics::Family& each : families) {
    if (each.name == name) return each;
  }
  throw std::runtime_error("no family " + name);
}

// "GET /a 200" → how many.
Counts counts_of(const RequestMetrics& metrics) {
  Counts counts;
  const metrics::Families families = metrics.families();
  for (const auto& sample : family(families, "http_server_requests_total").samples) {
    std::string key;
    for (const auto& [name, value] : sample.labels) key += (key.empty() ? "" : " ") + value;
    counts[key] += sample.value;
  }
  return counts;
}

double total_of(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0,
                         [](double sum, const auto& entry) { return sum + entry.second; });
}

double overflow_of(const RequestMetrics& metrics) {
  return family(metrics.families(), "backstay_requests_overflow_total").samples.front().value;
}

TEST(RequestMetrics, CountsByMethodRouteAndStatus) {
  RequestMetrics metrics(Routes({}), 100);
  metrics.observe(request("GET", "/users/1", 200));
  metrics.observe(request("GET", "/users/2?x=1", 200));
  metrics.observe(request("GET", "/users/3", 500));
  metrics.observe(request("POST", "/users", 201));
  EXPECT_EQ(counts_of(metrics),
            (Counts{{"GET /users/:id 200", 2}, {"GET /users/:id 500", 1}, {"POST /users 201", 1}}));
}

TEST(RequestMetrics, LabelsHaveTheNamesOfOpenTelemetry) {
  RequestMetrics metrics(Routes({}), 100);
  metrics.observe(request("GET", "/a", 204, 0.5));
  const metrics::Families families = metrics.families();
  EXPECT_EQ(family(families, "http_server_requests_total").samples.front().labels,
            (metrics::Labels{{"http_request_method", "GET"},
                             {"http_route", "/a"},
                             {"http_response_status_code", "204"}}));
  EXPECT_EQ(family(families, "http_server_request_duration_seconds").samples.front().labels,
            (metrics::Labels{{"http_request_method", "GET"},
                             {"http_route", "/a"},
                             {"http_response_status_class", "2xx"}}));
}

TEST(RequestMetrics, MethodsThatNobodyKnowsAreOneMethod) {
  RequestMetrics metrics(Routes({}), 100);
  for (const char* method : {"PROPFIND", "get", "XYZZY"}) {
    metrics.observe(request(method, "/a", 405));
  }
  EXPECT_EQ(counts_of(metrics), (Counts{{"_OTHER /a 405", 3}}));
}

// A scanner asks for a thousand pages that are not there.
TEST(RequestMetrics, WhatWasOnlyEver404IsNoRoute) {
  RequestMetrics metrics(Routes({}), 100);
  for (int i = 0; i < 1000; ++i) {
    metrics.observe(request("GET", "/wp-admin" + std::string(i % 7, 'x') + ".php", 404));
  }
  EXPECT_EQ(counts_of(metrics), (Counts{{"GET unmatched 404", 1000}}));
  EXPECT_EQ(overflow_of(metrics), 0);
}

TEST(RequestMetrics, A404OnARouteOfTheServiceCountsThere) {
  RequestMetrics metrics(Routes({}), 100);
  metrics.observe(request("GET", "/users/1", 404));
  metrics.observe(request("GET", "/users/2", 200));
  metrics.observe(request("GET", "/users/3", 404));
  EXPECT_EQ(
      counts_of(metrics),
      (Counts{{"GET /users/:id 200", 1}, {"GET /users/:id 404", 1}, {"GET unmatched 404", 1}}));
}

TEST(RequestMetrics, AtTheLimitTotalsStayExactAndNothingGoesBack) {
  constexpr std::size_t kSeriesMax = 10;
  RequestMetrics metrics(Routes({}), kSeriesMax);
  Counts before;
  double requests = 0;
  for (int round = 0; round < 3; ++round) {
    for (char page = 'a'; page <= 'z'; ++page) {
      const std::string target = std::string("/") + page;
      metrics.observe(request("GET", target, 200, 0.1));
      metrics.observe(request("GET", target, page % 2 == 0 ? 200 : 500, 0.1));
      requests += 2;
      const Counts now = counts_of(metrics);
      EXPECT_EQ(total_of(now), requests);
      for (const auto& [key, count] : before) EXPECT_GE(now.at(key), count) << key;
      before = now;
    }
  }
  // The limit, and the overflow's own two: GET other 200 and 500.
  EXPECT_EQ(before.size(), kSeriesMax + 2);
  EXPECT_EQ(overflow_of(metrics), before["GET other 200"] + before["GET other 500"]);
  EXPECT_GT(overflow_of(metrics), 0);
}

TEST(RequestMetrics, AtTheLimitDurationsStayExactToo) {
  RequestMetrics metrics(Routes({}), 10);
  for (int i = 0; i < 100; ++i) {
    metrics.observe(request("GET", "/p" + std::string(i % 30 + 1, 'x'), 200, 0.25));
  }
  std::uint64_t count = 0;
  double sum = 0;
  const metrics::Families families = metrics.families();
  for (const auto& sample : family(families, "http_server_request_duration_seconds").samples) {
    count += sample.histogram.count;
    sum += sample.histogram.sum;
  }
  EXPECT_EQ(count, 100U);
  EXPECT_DOUBLE_EQ(sum, 25);
}

TEST(RequestMetrics, BucketsAreCumulativeAndABoundIsInItsBucket) {
  RequestMetrics metrics(Routes({}), 100);
  for (double bound : kDurationBounds) metrics.observe(request("GET", "/a", 200, bound));
  metrics.observe(request("GET", "/a", 200, 0));
  metrics.observe(request("GET", "/a", 200, 10.001));
  const metrics::Families families = metrics.families();
  const metrics::Histogram& histogram =
      family(families, "http_server_request_duration_seconds").samples.front().histogram;
  ASSERT_EQ(histogram.buckets.size(), kDurationBounds.size());
  for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
    EXPECT_EQ(histogram.buckets[i].first, kDurationBounds[i]);
    EXPECT_EQ(histogram.buckets[i].second, i + 2) << kDurationBounds[i];  // with the one of 0 s
  }
  EXPECT_EQ(histogram.count, kDurationBounds.size() + 2);
}

TEST(RequestMetrics, ARequestWithoutATimeIsCountedAndNotTimed) {
  RequestMetrics metrics(Routes({}), 100);
  metrics.observe(request("GET", "/a", 200));
  EXPECT_EQ(total_of(counts_of(metrics)), 1);
  EXPECT_TRUE(family(metrics.families(), "http_server_request_duration_seconds").samples.empty());
}

}  // namespace
}  // namespace backstay::requests
