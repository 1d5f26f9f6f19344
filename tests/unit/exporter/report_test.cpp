#include "exporter/requests/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace backstay::requests {
namespace {

using nlohmann::json;
using std::chrono::minutes;

constexpr std::int64_t kNow = 1'795'618'830'000;  // 2026-11-25T15:00:30Z
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHourAgo = kNow - 60 * kMinute;

json read(const Report& report) { return json::parse(report.to_json()); }

WindowedDurations requests_at(std::int64_t time_ms, int count, std::optional<double> seconds,
                              int status = 200) {
  WindowedDurations requests;
  for (int i = 0; i < count; ++i) requests.observe(time_ms, status, seconds);
  return requests;
}

TEST(ReportTest, ParsesTheWindow) {
  EXPECT_EQ(*parse_window(""), minutes(60));
  EXPECT_EQ(*parse_window("1h"), minutes(60));
  EXPECT_EQ(*parse_window("60m"), minutes(60));
  EXPECT_EQ(*parse_window("1m"), minutes(1));
  EXPECT_EQ(*parse_window("90s"), std::chrono::seconds(90));
  for (const char* wrong :
       {"59s", "2h", "1h1ms", "0", "15", "-5m", "m", "1h ", "1H", "99999999y"}) {
    const auto window = parse_window(wrong);
    ASSERT_FALSE(window) << wrong;
    EXPECT_EQ(window.error().message, "window must be a duration from 1m to 1h, such as 15m");
  }
}

TEST(ReportTest, SaysWhatItCovers) {
  const json report = read(Report(minutes(15), kNow, kHourAgo));
  EXPECT_EQ(report["window"], "15m");
  EXPECT_EQ(report["from"], "2026-11-25T14:45:00.000Z") << "a slot counts whole";
  EXPECT_EQ(report["to"], "2026-11-25T15:00:30.000Z");
  EXPECT_EQ(report["data_from"], report["from"]);
  EXPECT_EQ(report["slot_seconds"], 60);
  EXPECT_EQ(report["percentile_error"], 0.01);
  EXPECT_EQ(report["routes"], json::array());
}

TEST(ReportTest, WithoutRequestsThereIsARateOfZeroAndNothingElse) {
  const json report = read(Report(minutes(60), kNow, kHourAgo));
  EXPECT_EQ(report["total"], (json{{"count", 0}, {"errors", 0}, {"rate", 0.0}, {"timed", 0}}));
}

TEST(ReportTest, ARouteHasItsFigures) {
  WindowedDurations requests = requests_at(kNow - kMinute, 98, 0.1);
  requests.merge(requests_at(kNow, 2, 3.0, 503));
  Report report(minutes(60), kNow, kHourAgo - kMinute);
  report.add("GET", "/api/users/:id", requests);
  const json route = read(report)["routes"][0];
  EXPECT_EQ(route["method"], "GET");
  EXPECT_EQ(route["route"], "/api/users/:id");
  EXPECT_EQ(route["count"], 100);
  EXPECT_EQ(route["errors"], 2);
  EXPECT_EQ(route["error_rate"], 0.02);
  EXPECT_EQ(route["timed"], 100);
  EXPECT_EQ(route["min"], 0.1);
  EXPECT_EQ(route["max"], 3.0);
  EXPECT_NEAR(route["avg"], 0.158, 1e-6);
  EXPECT_NEAR(route["p50"], 0.1, 0.001);
  EXPECT_NEAR(route["p95"], 0.1, 0.001);
  EXPECT_NEAR(route["p99"], 3.0, 0.03);
  EXPECT_NEAR(route["rate"], 100 / 3630.0, 1e-6) << "since 14:00:00";
  EXPECT_FALSE(route.contains("percentiles_from"));
}

TEST(ReportTest, OnlyWhatIsInTheWindowCounts) {
  WindowedDurations requests = requests_at(kNow - 6 * kMinute, 10, 1.0);
  requests.merge(requests_at(kNow - 5 * kMinute, 20, 1.0));
  requests.merge(requests_at(kNow, 40, 1.0));
  Report report(minutes(5), kNow, kHourAgo);
  report.add("GET", "/", requests);
  report.add("GET", "/old", requests_at(kNow - 6 * kMinute, 7, 1.0));
  const json read_back = read(report);
  EXPECT_EQ(read_back["total"]["count"], 60);
  EXPECT_EQ(read_back["routes"].size(), 1U) << "a route without requests is left out";
}

TEST(ReportTest, WhatIsNotKnownIsAbsent) {
  Report report(minutes(60), kNow, kHourAgo);
  report.add("GET", "/untimed", requests_at(kNow, 5, std::nullopt));
  const std::string text = report.to_json();
  EXPECT_EQ(text.find("null"), std::string::npos) << text;
  const json route = json::parse(text)["routes"][0];
  EXPECT_EQ(route["count"], 5);
  EXPECT_EQ(route["timed"], 0);
  for (const char* absent : {"avg", "min", "max", "p50", "p95", "p99"}) {
    EXPECT_FALSE(route.contains(absent)) << absent;
  }
}

TEST(ReportTest, TheBusiestComesFirstAndEqualOnesByName) {
  Report report(minutes(60), kNow, kHourAgo);
  report.add("GET", "/b", requests_at(kNow, 5, 0.1));
  report.add("POST", "/a", requests_at(kNow, 5, 0.1));
  report.add("GET", "/a", requests_at(kNow, 5, 0.1));
  report.add("GET", "/busy", requests_at(kNow, 50, 0.1));
  std::string order;
  const json read_back = read(report);
  for (const json& route : read_back["routes"]) {
    order += std::string(route["method"]) + " " + std::string(route["route"]) + ", ";
  }
  EXPECT_EQ(order, "GET /busy, GET /a, POST /a, GET /b, ");
}

TEST(ReportTest, TheTotalHasThePercentilesOfAllRequestsTogether) {
  Report report(minutes(60), kNow, kHourAgo);
  report.add("GET", "/fast", requests_at(kNow, 96, 0.01));
  report.add("GET", "/slow", requests_at(kNow, 4, 5.0, 500));
  const json total = read(report)["total"];
  EXPECT_EQ(total["count"], 100);
  EXPECT_EQ(total["errors"], 4);
  EXPECT_NEAR(total["p95"], 0.01, 0.0001);
  EXPECT_NEAR(total["p99"], 5.0, 0.05);
  EXPECT_EQ(total["max"], 5.0);
}

TEST(ReportTest, ARateIsOverTheTimeThatTheExporterKnows) {
  const auto rate_of = [](std::int64_t started_ms, std::int64_t requests_ms) {
    Report report(minutes(60), kNow, started_ms);
    report.add("GET", "/", requests_at(requests_ms, 30, 0.1));
    const json read_back = read(report);
    return std::pair(read_back["data_from"], read_back["total"].value("rate", -1.0));
  };
  const std::int64_t five_minutes_ago = kNow - 5 * kMinute;
  EXPECT_EQ(rate_of(five_minutes_ago, kNow).first, "2026-11-25T14:55:30.000Z");
  EXPECT_DOUBLE_EQ(rate_of(five_minutes_ago, kNow).second, 0.1) << "it started 5 minutes ago";
  EXPECT_DOUBLE_EQ(rate_of(kNow, five_minutes_ago).second, 0.1)
      << "it just started, and read a log that goes back 5 minutes, or its checkpoint";
  EXPECT_EQ(rate_of(kNow, kNow).second, -1.0) << "over no time there is none";
}

TEST(ReportTest, PercentilesThatWereGivenUpAreAbsentOrSaySince) {
  WindowedDurations requests = requests_at(kNow - 10 * kMinute, 100, 1.0);
  requests.merge(requests_at(kNow, 100, 2.0));
  requests.shrink(0);
  Report report(minutes(60), kNow, kHourAgo);
  report.add("GET", "/", requests);
  const json route = read(report)["routes"][0];
  EXPECT_EQ(route["timed"], 200);
  EXPECT_EQ(route["avg"], 1.5);
  EXPECT_NEAR(route["p50"], 2.0, 0.02);
  EXPECT_EQ(route["percentiles_from"], "2026-11-25T14:51:00.000Z");
  Report later(minutes(5), kNow, kHourAgo);
  later.add("GET", "/", requests);
  EXPECT_FALSE(read(later)["routes"][0].contains("percentiles_from"));
}

TEST(ReportTest, ARouteOfAnyBytesIsStillJson) {
  Report report(minutes(60), kNow, kHourAgo);
  report.add("GET", "/\xff\"", requests_at(kNow, 1, 0.1));
  EXPECT_EQ(read(report)["routes"][0]["route"], "/\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace backstay::requests
