#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

TEST(Netlify, Traffic) {
  FormatLines netlify("netlify");
  const AccessEvent event = netlify.event(
      R"({"account_id":"5b","client_ip":"203.0.113.7","content_type":"text/html","country":"DE",)"
      R"("deploy_id":"d1","duration":12,"log_type":"traffic","method":"GET","referrer":"",)"
      R"("request_id":"01H","request_size":512,"response_size":87,"site_id":"s1","status_code":200,)"
      R"("timestamp":"2026-11-23T08:13:04.250Z","url":"https://app.example.com/a?b=1","user_agent":"x"})");
  EXPECT_EQ(event.method, "GET");
  EXPECT_EQ(event.target, "https://app.example.com/a?b=1");
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.request_bytes, 512U);
  EXPECT_EQ(event.response_bytes, 87U);
  EXPECT_EQ(event.duration_seconds, 0.012);
  EXPECT_EQ(event.time_ms, 1795421584250);
  EXPECT_EQ(event.request_id, "01H");
}

TEST(Netlify, WhatFunctionsSay) {
  FormatLines netlify("netlify");
  const LogMessage message = netlify.message(
      R"({"log_type":"functions","level":"ERROR","message":"no luck","function_name":"pay",)"
      R"("request_id":"01H","timestamp":1795421584250,"method":"GET","status_code":500,"url":"/"})");
  EXPECT_EQ(message.level, "ERROR");
  EXPECT_EQ(message.message, "no luck");
  EXPECT_EQ(message.request_id, "01H");
  EXPECT_EQ(message.time_ms, 1795421584250);
}

TEST(Netlify, OnlyTrafficCounts) {
  FormatLines netlify("netlify");
  const std::string request = R"("method":"GET","url":"/a","status_code":200})";
  EXPECT_EQ(netlify.outcome(R"({"log_type":"traffic",)" + request), "event");
  EXPECT_EQ(netlify.outcome(R"({"log_type":"waf",)" + request), "no_request");
  EXPECT_EQ(netlify.outcome("{" + request), "no_request");
  EXPECT_EQ(netlify.outcome(R"({"log_type":["traffic"],)" + request), "no_request");
  EXPECT_EQ(netlify.outcome(R"({"log_type":"traffic","method":"GET","url":"/a","status_code":0})"),
            "bad_status");
}

}  // namespace
}  // namespace backstay::formats
