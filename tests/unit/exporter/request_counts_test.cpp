#include "exporter/requests/request_counts.h"

#include <map>
#include <numeric>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

using Counts = std::map<std::string, double>;
using Learning = RequestCounts::Learning;

constexpr std::int64_t kNow = 1'795'600'000'000;

RequestCounts counts(RequestOptions options, Learning learning = Learning::proven) {
  return RequestCounts(std::make_shared<const RequestOptions>(std::move(options)), learning);
}

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
Counts counts_of(const RequestCounts& metrics) {
  Counts counts;
  const metrics::Families families = metrics.families();
  for (const auto& sample : family(families, "http_server_requests_total").samples) {
    const auto labels = sample.labels.pairs();
    counts[labels.at("http_request_method") + " " + labels.at("http_route") + " " +
           labels.at("http_response_status_code")] += sample.value;
  }
  return counts;
}

double total_of(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0,
                         [](double sum, const auto& entry) { return sum + entry.second; });
}

double overflow_of(const RequestCounts& metrics) {
  return family(metrics.families(), "backstay_requests_overflow_total").samples.front().value;
}

TEST(RequestCounts, CountsByMethodRouteAndStatus) {
  RequestCounts metrics = counts({.series_max = 100});
  metrics.observe(request("GET", "/users/1", 200), kNow);
  metrics.observe(request("GET", "/users/2?x=1", 200), kNow);
  metrics.observe(request("GET", "/users/3", 500), kNow);
  metrics.observe(request("POST", "/users", 201), kNow);
  EXPECT_EQ(counts_of(metrics),
            (Counts{{"GET /users/:id 200", 2}, {"GET /users/:id 500", 1}, {"POST /users 201", 1}}));
}

TEST(RequestCounts, LabelsHaveTheNamesOfOpenTelemetry) {
  RequestCounts metrics = counts({.series_max = 100});
  metrics.observe(request("GET", "/a", 204, 0.5), kNow);
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

TEST(RequestCounts, MethodsThatNobodyKnowsAreOneMethod) {
  RequestCounts metrics = counts({.series_max = 100});
  for (const char* method : {"PROPFIND", "get", "XYZZY"}) {
    metrics.observe(request(method, "/a", 405), kNow);
  }
  EXPECT_EQ(counts_of(metrics), (Counts{{"_OTHER unmatched 405", 3}}));
}

// A scanner asks for a thousand pages that are not there.
TEST(RequestCounts, WhatWasOnlyEver404IsNoRoute) {
  RequestCounts metrics = counts({.series_max = 100});
  for (int i = 0; i < 1000; ++i) {
    metrics.observe(request("GET", "/wp-admin" + std::string(i % 7, 'x') + ".php", 404), kNow);
  }
  EXPECT_EQ(counts_of(metrics), (Counts{{"GET unmatched 404", 1000}}));
  EXPECT_EQ(overflow_of(metrics), 0);
}

TEST(RequestCounts, A404OnARouteOfTheServiceCountsThere) {
  RequestCounts metrics = counts({.series_max = 100});
  metrics.observe(request("GET", "/users/1", 404), kNow);
  metrics.observe(request("GET", "/users/2", 200), kNow);
  metrics.observe(request("GET", "/users/3", 404), kNow);
  EXPECT_EQ(
      counts_of(metrics),
      (Counts{{"GET /users/:id 200", 1}, {"GET /users/:id 404", 1}, {"GET unmatched 404", 1}}));
}

// A service whose front answers everything that it does not know with 403, or with a redirect.
TEST(RequestCounts, WhatTheServiceNeverAnsweredIsARouteOnlyOnceItIsAskedForAgainAndAgain) {
  RequestCounts metrics = counts({});
  for (int path = 0; path < 20'000; ++path) {
    std::string name = "/x";
    for (int rest = path; rest > 0; rest /= 26) name += static_cast<char>('a' + rest % 26);
    metrics.observe(request("GET", name, path % 2 == 0 ? 403 : 301), kNow);
  }
  EXPECT_EQ(counts_of(metrics),
            (Counts{{"GET unmatched 301", 10'000}, {"GET unmatched 403", 10'000}}));
  for (int i = 0; i < 12; ++i) metrics.observe(request("GET", "/login", 302), kNow);
  EXPECT_EQ(counts_of(metrics)["GET unmatched 302"], 9);
  EXPECT_EQ(counts_of(metrics)["GET /login 302"], 3);
}

// A page that answers 200 whatever it is asked for.
TEST(RequestCounts, LearnedRoutesHaveALimitAndGivenOnesHaveNot) {
  RequestCounts metrics = counts({.routes = Routes({"/api/:thing/x"}), .routes_max = 5});
  for (char page = 'a'; page <= 'z'; ++page) {
    metrics.observe(request("GET", std::string("/") + page, 200), kNow);
    metrics.observe(request("POST", std::string("/") + page, 200), kNow);
  }
  metrics.observe(request("GET", "/api/y/x", 200), kNow);
  formats::AccessEvent event = request("GET", "/whatever", 200);
  event.route = "service@docker";
  metrics.observe(event, kNow);
  EXPECT_EQ(counts_of(metrics).size(), 5U * 2 + 2 + 2);
  EXPECT_EQ(counts_of(metrics)["GET other 200"], 21);
  EXPECT_EQ(counts_of(metrics)["GET /api/:thing/x 200"], 1);
  EXPECT_EQ(counts_of(metrics)["GET service@docker 200"], 1);
  EXPECT_EQ(overflow_of(metrics), 42);
}

TEST(RequestCounts, TheRouteUnderWhichItWasCountedIsSaid) {
  RequestCounts metrics = counts({});
  EXPECT_EQ(metrics.observe(request("GET", "/users/7", 200), kNow), "/users/:id");
  EXPECT_EQ(metrics.observe(request("GET", "/nowhere", 404), kNow), "unmatched");
}

TEST(RequestCounts, BytesAndSlowRequestsByRoute) {
  RequestCounts metrics = counts({.slow_seconds = 0.5});
  formats::AccessEvent event = request("GET", "/a", 200, 0.5);
  event.request_bytes = 10;
  event.response_bytes = 1000;
  metrics.observe(event, kNow);
  event.duration_seconds = 0.51;
  metrics.observe(event, kNow);
  const metrics::Families families = metrics.families();
  EXPECT_EQ(family(families, "http_server_request_bytes_total").samples.front().value, 20);
  EXPECT_EQ(family(families, "http_server_response_bytes_total").samples.front().value, 2000);
  EXPECT_EQ(family(families, "http_server_slow_requests_total").samples.front().value, 1);
}

TEST(RequestCounts, ABucketShowsTheLastRequestWhoseIdIsKnown) {
  RequestCounts metrics = counts({});
  formats::AccessEvent event = request("GET", "/a", 200, 0.02);
  for (const char* id : {"first", "second", ""}) {
    event.request_id = id;
    event.time_ms = kNow - 500;
    metrics.observe(event, kNow);
  }
  metrics.observe(request("GET", "/b", 200, 0.02), kNow);
  const metrics::Families families = metrics.families();
  const auto& samples = family(families, "http_server_request_duration_seconds").samples;
  const auto& exemplars = samples.front().histogram.exemplars;
  ASSERT_TRUE(exemplars);
  ASSERT_EQ(exemplars->size(), kDurationBounds.size() + 1);
  EXPECT_TRUE((*exemplars)[1].labels.empty());
  EXPECT_EQ((*exemplars)[2].labels, (metrics::Labels{{"request_id", "second"}}));
  EXPECT_EQ((*exemplars)[2].value, 0.02);
  EXPECT_EQ((*exemplars)[2].unix_seconds, (kNow - 500) / 1000.0);
  EXPECT_FALSE(samples.back().histogram.exemplars);
}

// What a batch has become is added as if it had been counted at once.
TEST(RequestCounts, ABatchIsJudgedWhenItIsAdded) {
  RequestCounts metrics = counts({});
  for (int number = 0; number < 3; ++number) {
    RequestCounts batch = counts({}, Learning::all);
    batch.observe(request("GET", "/users/7", 200, 0.1), kNow);
    batch.observe(request("GET", "/users/8", 500), kNow);
    batch.observe(request("GET", "/.env", 404), kNow);
    for (int i = 0; i < 4; ++i) batch.observe(request("GET", "/login", 302), kNow);
    metrics.merge(batch);
  }
  EXPECT_EQ(counts_of(metrics), (Counts{{"GET /users/:id 200", 3},
                                        {"GET /users/:id 500", 3},
                                        {"GET unmatched 404", 3},
                                        {"GET unmatched 302", 8},
                                        {"GET /login 302", 4}}));
  const metrics::Families families = metrics.families();
  const auto& timed = family(families, "http_server_request_duration_seconds").samples;
  ASSERT_EQ(timed.size(), 1U);
  EXPECT_EQ(timed.front().histogram.count, 3U);
}

TEST(RequestCounts, AtTheLimitABatchKeepsItsTotals) {
  RequestCounts metrics = counts({.series_max = 10});
  RequestCounts batch = counts({.series_max = 10}, Learning::all);
  for (int i = 0; i < 100; ++i) {
    batch.observe(request("GET", "/p" + std::string(i % 30 + 1, 'x'), i % 2 == 0 ? 200 : 503),
                  kNow);
  }
  metrics.merge(batch);
  metrics.merge(batch);
  EXPECT_EQ(total_of(counts_of(metrics)), 200);
  EXPECT_LE(counts_of(metrics).size(), 10U + 2);
}

TEST(RequestCounts, WhatIsSavedIsThereAgain) {
  RequestCounts metrics = counts({.routes_max = 2, .slow_seconds = 0.1});
  for (const char* page : {"/a", "/b", "/c"}) metrics.observe(request("GET", page, 200, 0.3), kNow);
  metrics.observe(request("GET", "/a", 500), kNow);
  RecordWriter writer;
  metrics.save(writer);
  const std::string record = std::move(writer).take();
  RequestCounts again = counts({.routes_max = 2, .slow_seconds = 0.1});
  RecordReader reader(record);
  ASSERT_TRUE(again.load(reader));
  EXPECT_EQ(counts_of(again), counts_of(metrics));
  EXPECT_EQ(overflow_of(again), 1);
  again.observe(request("GET", "/d", 200), kNow);  // the limit counts those that were loaded
  EXPECT_EQ(counts_of(again)["GET other 200"], 2);
}

// Or a restart would make another route of the same requests, and a counter would go back.
TEST(RequestCounts, WhatIsAlmostARouteIsSavedToo) {
  RequestCounts metrics = counts({});
  for (int i = 0; i < 9; ++i) metrics.observe(request("GET", "/login", 302), kNow);
  RecordWriter writer;
  metrics.save(writer);
  const std::string record = std::move(writer).take();
  RequestCounts again = counts({});
  RecordReader reader(record);
  ASSERT_TRUE(again.load(reader));
  EXPECT_EQ(again.observe(request("GET", "/login", 302), kNow), "/login");
}

TEST(RequestCounts, ADamagedRecordIsNotBelieved) {
  RequestCounts metrics = counts({});
  for (const char* page : {"/a", "/b"}) metrics.observe(request("GET", page, 200, 0.3), kNow);
  RecordWriter writer;
  metrics.save(writer);
  const std::string record = std::move(writer).take();
  for (std::size_t size = 0; size < record.size(); ++size) {
    RequestCounts again = counts({});
    RecordReader reader(std::string_view(record).substr(0, size));
    EXPECT_FALSE(again.load(reader)) << size;
    EXPECT_TRUE(counts_of(again).empty());
  }
}

TEST(RequestCounts, AtTheLimitTotalsStayExactAndNothingGoesBack) {
  constexpr std::size_t kSeriesMax = 10;
  RequestCounts metrics = counts({.series_max = kSeriesMax});
  Counts before;
  double requests = 0;
  for (int round = 0; round < 3; ++round) {
    for (char page = 'a'; page <= 'z'; ++page) {
      const std::string target = std::string("/") + page;
      metrics.observe(request("GET", target, 200, 0.1), kNow);
      metrics.observe(request("GET", target, page % 2 == 0 ? 200 : 500, 0.1), kNow);
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

TEST(RequestCounts, AtTheLimitDurationsStayExactToo) {
  RequestCounts metrics = counts({.series_max = 10});
  for (int i = 0; i < 100; ++i) {
    metrics.observe(request("GET", "/p" + std::string(i % 30 + 1, 'x'), 200, 0.25), kNow);
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

TEST(RequestCounts, BucketsAreCumulativeAndABoundIsInItsBucket) {
  RequestCounts metrics = counts({.series_max = 100});
  for (double bound : kDurationBounds) metrics.observe(request("GET", "/a", 200, bound), kNow);
  metrics.observe(request("GET", "/a", 200, 0), kNow);
  metrics.observe(request("GET", "/a", 200, 10.001), kNow);
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

TEST(RequestCounts, ARequestWithoutATimeIsCountedAndNotTimed) {
  RequestCounts metrics = counts({.series_max = 100});
  metrics.observe(request("GET", "/a", 200), kNow);
  EXPECT_EQ(total_of(counts_of(metrics)), 1);
  EXPECT_TRUE(family(metrics.families(), "http_server_request_duration_seconds").samples.empty());
}

}  // namespace
}  // namespace backstay::requests
