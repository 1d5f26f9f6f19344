#include "exporter/requests/error_tracker.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "tests/unit/exporter/tracked_errors.h"

namespace backstay::requests {
namespace {

constexpr std::int64_t kMinute = 60 * 1000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;

formats::AccessEvent request(int status, std::string_view method = "GET") {
  formats::AccessEvent event;
  event.method = method;
  event.target = "/api/users/42?token=zaphod42";
  event.status = status;
  return event;
}

TEST(ErrorTracker, CountsRequestsThatWereAnswered5xx) {
  ErrorTracker tracker;
  for (const int status : {200, 404, 499, 500, 500, 503}) {
    tracker.observe(request(status), "/api/users/:id", kNow);
  }
  const auto found = values(tracker);
  EXPECT_EQ(found.at(R"(errors_total{category="http",severity="error"})"), 3);
  EXPECT_EQ(found.at(R"(errors_new_total{category="http",severity="error"})"), 2);
  EXPECT_EQ(found.at("backstay_errors_tracked{}"), 2);
  EXPECT_EQ(found.at("backstay_errors_forgotten_total{}"), 0);
  EXPECT_EQ(found.size(), 4U);  // no label set that was not seen
}

TEST(ErrorTracker, MethodsThatNobodyKnowsAreOneError) {
  ErrorTracker tracker;
  tracker.observe(request(501, "BREW"), "/", kNow);
  tracker.observe(request(501, "PROPFIND"), "/", kNow);
  EXPECT_EQ(errors(tracker).size(), 1U);
  EXPECT_EQ(errors(tracker)[0]["title"], "_OTHER / 501");
}

TEST(ErrorTracker, CountsMessagesOfTheLevelErrorOrWorse) {
  ErrorTracker tracker;
  for (const char* level : {"error", "ERROR", "err", "50", "SEVERE", "400"}) {
    tracker.observe(message("it failed", level), kNow);
  }
  for (const char* level : {"fatal", "CRITICAL", "crit", "alert", "emerg", "panic", "60", "550"}) {
    tracker.observe(message("it failed", level), kNow);
  }
  for (const char* level :
       {"", "warn", "warning", "info", "debug", "40", "30", "3", "errors", "5x"}) {
    tracker.observe(message("it failed", level), kNow);
  }
  const auto found = values(tracker);
  EXPECT_EQ(found.at(R"(errors_total{category="application",severity="error"})"), 6);
  EXPECT_EQ(found.at(R"(errors_total{category="application",severity="critical"})"), 8);
  EXPECT_EQ(found.at(R"(errors_new_total{category="application",severity="error"})"), 1);
  EXPECT_EQ(found.at(R"(errors_new_total{category="application",severity="critical"})"), 0);
  EXPECT_EQ(errors(tracker)[0]["severity"], "critical");  // the worst
}

TEST(ErrorTracker, AStackWithoutALevelIsAnError) {
  ErrorTracker tracker;
  formats::LogMessage logged = message("", "");
  tracker.observe(logged, kNow);
  EXPECT_TRUE(errors(tracker).empty());
  logged.stack = "Error: no\n    at run (/app/a.js:1:2)";
  tracker.observe(logged, kNow);
  EXPECT_EQ(errors(tracker).size(), 1U);
  logged.level = "info";
  tracker.observe(logged, kNow);
  EXPECT_EQ(errors(tracker)[0]["count"], 1);
}

TEST(ErrorTracker, WordsOfAMessageSayItsCategory) {
  for (const auto& [text, category] : std::vector<std::pair<const char*, const char*>>{
           {"psycopg2.errors.UniqueViolation: duplicate key value", "database"},
           {"SQLSTATE[40P01]: deadlock detected", "database"},
           {"HikariPool-1 - Connection is not available, request timed out", "database"},
           {"PG::ConnectionBad: connection refused", "database"},
           {"could not extend file: No space left on device", "resource"},
           {"java.lang.OutOfMemoryError: Java heap space", "resource"},
           {"context deadline exceeded", "timeout"},
           {"connect ETIMEDOUT 10.0.0.7:443", "timeout"},
           {"connect ECONNREFUSED 10.0.0.7:443", "network"},
           {"dial tcp: lookup api.example.com: no such host", "network"},
           {"Cannot read properties of undefined", "application"}}) {
    ErrorTracker tracker;
    tracker.observe(message(text), kNow);
    EXPECT_EQ(errors(tracker)[0]["category"], category) << text;
  }
}

TEST(ErrorTracker, ShowsWhatIsKnownLastSeenFirst) {
  ErrorTracker tracker;
  formats::AccessEvent event = request(502);
  event.request_id = "r-1";
  event.duration_seconds = 0.25;
  tracker.observe(event, "/api/users/:id", kNow - 2000);
  tracker.observe(message("user 42 not found"), kNow - 1000);
  tracker.observe(event, "/api/users/:id", kNow);
  const json shown = errors(tracker);
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0]["title"], "GET /api/users/:id 502");
  EXPECT_EQ(shown[0]["fingerprint"].get<std::string>().size(), 16U);
  EXPECT_EQ(shown[0]["category"], "http");
  EXPECT_EQ(shown[0]["severity"], "error");
  EXPECT_EQ(shown[0]["count"], 2);
  EXPECT_EQ(shown[0]["first_seen"], "2025-11-25T14:05:10.123Z");
  EXPECT_EQ(shown[0]["last_seen"], "2025-11-25T14:05:12.123Z");
  EXPECT_EQ(shown[0]["sample"], json({{"method", "GET"},
                                      {"route", "/api/users/:id"},
                                      {"status", 502},
                                      {"request_id", "r-1"},
                                      {"context", {{"duration_seconds", 0.25}}}}));
  EXPECT_EQ(shown[1]["title"], "user <number> not found");
  EXPECT_EQ(shown[1]["sample"]["message"], "user 42 not found");
  EXPECT_EQ(shown[1]["sample"]["context"], json({{"level", "error"}}));
}

TEST(ErrorTracker, ATimeOfTheFutureOrOfLongAgoIsNotBelieved) {
  for (const std::int64_t time_ms :
       {kNow + 1, kNow - 7 * kDay - 1, std::int64_t{0}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    ErrorTracker tracker;
    formats::LogMessage logged = message("it failed");
    logged.time_ms = time_ms;
    tracker.observe(logged, kNow);
    EXPECT_EQ(errors(tracker)[0]["last_seen"], "2025-11-25T14:05:12.123Z");
  }
  ErrorTracker tracker;
  formats::LogMessage logged = message("it failed");
  logged.time_ms = kNow - 123;
  tracker.observe(logged, kNow);
  EXPECT_EQ(errors(tracker)[0]["last_seen"], "2025-11-25T14:05:12.000Z");
}

TEST(ErrorTracker, WhatWasNotSeenForAWeekIsForgottenAndNotNewAgain) {
  ErrorTracker tracker;
  tracker.observe(message("old"), kNow);
  EXPECT_EQ(errors(tracker, kNow + 7 * kDay).size(), 1U);
  EXPECT_EQ(errors(tracker, kNow + 7 * kDay + 1).size(), 0U);  // though nothing came since
  tracker.observe(message("other"), kNow + 7 * kDay + 1);
  EXPECT_EQ(values(tracker).at("backstay_errors_tracked{}"), 1);
  EXPECT_EQ(values(tracker).at("backstay_errors_forgotten_total{}"), 1);
  tracker.observe(message("old"), kNow + 7 * kDay + 2);
  const auto found = values(tracker);
  EXPECT_EQ(found.at(R"(errors_new_total{category="application",severity="error"})"), 2);
  EXPECT_EQ(found.at(R"(errors_total{category="application",severity="error"})"), 3);
  EXPECT_EQ(errors(tracker, kNow + 7 * kDay + 2)[0]["count"], 1);
}

TEST(ErrorTracker, TheOneNotSeenForLongestIsPushedOut) {
  ErrorTracker tracker({3, 2});
  for (std::size_t i = 1; i <= 3; ++i)
    tracker.observe(message(name(i)), kNow + static_cast<int>(i));
  tracker.observe(message(name(1)), kNow + 4);
  tracker.observe(message(name(4)), kNow + 5);
  std::vector<std::string> titles;
  for (const json& error : errors(tracker, kNow + 5)) titles.push_back(error["title"]);
  EXPECT_EQ(titles, (std::vector<std::string>{name(4), name(1), name(3)}));
  EXPECT_EQ(values(tracker).at("backstay_errors_forgotten_total{}"), 1);
}

TEST(ErrorTracker, NoMatterHowManyErrorsThereAreCountersDoNotGoBack) {
  ErrorTracker tracker({50, 100});
  double before = 0;
  for (std::size_t i = 1; i <= 1000; ++i) {
    tracker.observe(message(name(i)), kNow + static_cast<int>(i));
    const auto found = values(tracker);
    const double total = found.at(R"(errors_total{category="application",severity="error"})");
    EXPECT_EQ(total, before + 1);
    before = total;
    EXPECT_LE(found.at("backstay_errors_tracked{}"), 50);
  }
  // The last 150 are known, those before are not any more.
  const auto count_new = [&] {
    return values(tracker).at(R"(errors_new_total{category="application",severity="error"})");
  };
  EXPECT_EQ(count_new(), 1000);
  tracker.observe(message(name(851)), kNow + 2000);
  EXPECT_EQ(count_new(), 1000);
  tracker.observe(message(name(1)), kNow + 2001);
  EXPECT_EQ(count_new(), 1001);
}

TEST(ErrorTracker, ASampleIsTakenAnewOnceAMinute) {
  ErrorTracker tracker;
  tracker.observe(message("user 1 not found"), kNow);
  tracker.observe(message("user 2 not found"), kNow + kMinute - 1);
  EXPECT_EQ(errors(tracker)[0]["sample"]["message"], "user 1 not found");
  tracker.observe(message("user 3 not found"), kNow + kMinute);
  EXPECT_EQ(errors(tracker)[0]["sample"]["message"], "user 3 not found");
  EXPECT_EQ(errors(tracker)[0]["count"], 3);
}

TEST(ErrorTracker, SamplesAreCutAndValid) {
  ErrorTracker tracker;
  std::string text = "\xff\xc3(";
  for (int i = 0; i < 2000; ++i) text += "ä";
  formats::LogMessage logged = message(text);
  const std::string stack = "Error: no\n    at run (/app/a.js:1:2)\n" + std::string(9000, 'x');
  logged.stack = stack;
  logged.request_id = text;
  tracker.observe(logged, kNow);
  tracker.observe(message(text), kNow);
  EXPECT_TRUE(is_valid_utf8(tracker.to_json(kNow)));
  for (const json& error : errors(tracker)) {
    const json& sample = error["sample"];
    EXPECT_LE(error["title"].get<std::string>().size(), 256U);
    EXPECT_LE(sample["message"].get<std::string>().size(), 1024U);
    EXPECT_GE(sample["message"].get<std::string>().size(), 1020U);
    if (sample.contains("stack")) {
      EXPECT_EQ(sample["stack"].get<std::string>().size(), 4096U);
      EXPECT_LE(sample["request_id"].get<std::string>().size(), 128U);
    }
  }
}

TEST(ErrorTracker, APythonStackIsCutAtItsBeginning) {
  ErrorTracker tracker;
  std::string stack = "Traceback (most recent call last):\n";
  for (int i = 0; i < 200; ++i) {
    stack += "  File \"/app/a" + std::to_string(i) + ".py\", line 1, in run\n";
  }
  formats::LogMessage logged = message("failed");
  stack += "KeyError: 'the reason'";
  logged.stack = stack;
  tracker.observe(logged, kNow);
  const std::string shown = errors(tracker)[0]["sample"]["stack"];
  EXPECT_LE(shown.size(), 4096U);
  EXPECT_NE(shown.find("KeyError: 'the reason'"), std::string::npos);
}

// The canary: planted wherever an event has text, at each place around where it is cut.
TEST(ErrorTracker, NoPlantedSecretComesOutOrIsKept) {
  const std::vector<std::pair<std::string, std::string>> planted{
      {"password=", "hunter22x"},
      {"Authorization: Bearer ", "zaphod42beeble"},
      {"postgresql://bob:", "hunter22xyz"},
      {"paid with ", "4111 1111 1111 1111"},
      {std::string("sk_li") + "ve_", "4eC39HqLyjWDarjtT1zdp7dc"},
      {std::string("-----BEGIN PRIV") + "ATE KEY-----\n", "MIIEvQIBADANBgkqhkiG9w0"},
      {"Set-Cookie: sid=", "zaphod42; Path=/"}};
  for (const auto& [before, secret] : planted) {
    for (const std::size_t cut : {0, 230, 480, 1000, 4070}) {
      for (std::size_t shift = 0; shift < 40; shift += 9) {
        const std::string text = std::string(cut + shift, '.') + " " + before + secret + "@db/app";
        ErrorTracker tracker;
        formats::LogMessage logged = message(text, text);
        logged.level = "error";
        const std::string stack =
            "Error: " + before + secret + "@db/app\n    at run (/app/a.js:1:2)\n" + text;
        logged.stack = stack;
        logged.request_id = text;
        tracker.observe(logged, kNow);
        tracker.observe(message(text), kNow);
        formats::AccessEvent event = request(500, text);
        event.target = text;
        event.request_id = text;
        tracker.observe(event, text, kNow);
        const std::string out = tracker.to_json(kNow) + saved(tracker);
        ASSERT_EQ(errors(tracker).size(), 3U);
        for (std::size_t i = 0; i + 5 <= secret.size(); ++i) {
          ASSERT_EQ(out.find(secret.substr(i, 5)), std::string::npos)
              << before << secret << " at " << cut + shift << ":\n"
              << out;
        }
      }
    }
  }
}

// Each event into one tracker, and the same ones in batches into another.
TEST(ErrorTracker, AMergedBatchIsAsIfObserved) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    ErrorTracker all;
    ErrorTracker merged;
    for (int batch_number = 0; batch_number < 10; ++batch_number) {
      ErrorTracker batch;
      for (auto i = random() % 20; i > 0; --i) {
        const std::string text = name(random() % 30);
        const bool is_request = random() % 3 == 0;
        const std::int64_t time_ms = kNow - static_cast<std::int64_t>(random() % kDay);
        formats::LogMessage logged = message(text, random() % 4 == 0 ? "fatal" : "error");
        logged.time_ms = time_ms;
        formats::AccessEvent event = request(500 + static_cast<int>(random() % 4));
        event.time_ms = time_ms;
        for (ErrorTracker* tracker : {&all, &batch}) {
          if (is_request) {
            tracker->observe(event, "/", kNow);
          } else {
            tracker->observe(logged, kNow);
          }
        }
      }
      merged.merge(batch);
    }
    EXPECT_EQ(values(merged), values(all));
    EXPECT_EQ(errors(merged), errors(all));
  }
}

TEST(ErrorTracker, ABatchWithMoreErrorsThanAreTrackedIsMerged) {
  ErrorTracker tracker({10, 1000});
  tracker.observe(message(name(1)), kNow);
  ErrorTracker batch({10, 1000});
  for (std::size_t i = 1; i <= 100; ++i)
    batch.observe(message(name(i)), kNow + static_cast<int>(i));
  tracker.merge(batch);
  const auto found = values(tracker);
  EXPECT_EQ(found.at(R"(errors_total{category="application",severity="error"})"), 101);
  EXPECT_EQ(found.at(R"(errors_new_total{category="application",severity="error"})"), 100);
  EXPECT_EQ(found.at("backstay_errors_tracked{}"), 10);
  EXPECT_EQ(errors(tracker, kNow + 100)[0]["title"], name(100));
}

}  // namespace
}  // namespace backstay::requests
