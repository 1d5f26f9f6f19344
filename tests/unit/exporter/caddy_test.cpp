#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

TEST(Caddy, AHandledRequest) {
  FormatLines caddy("caddy");
  const AccessEvent event = caddy.event(
      R"({"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request",)"
      R"("request":{"remote_ip":"127.0.0.1","remote_port":"41342","proto":"HTTP/2.0","method":"GET",)"
      R"("host":"localhost","uri":"/a?b=1","headers":{"User-Agent":["curl/7.82.0"],"Status":["500"]}},)"
      R"("bytes_read":12,"user_id":"","duration":0.000929675,"size":10900,"status":200,)"
      R"("resp_headers":{"Server":["Caddy"]}})");
  EXPECT_EQ(event.method, "GET");
  EXPECT_EQ(event.target, "/a?b=1");
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.request_bytes, 12U);
  EXPECT_EQ(event.response_bytes, 10900U);
  EXPECT_EQ(event.duration_seconds, 0.000929675);
  EXPECT_EQ(event.time_ms, 1646861401524);
}

TEST(Caddy, TheTimeMayBeIso) {
  FormatLines caddy("caddy");
  EXPECT_EQ(caddy
                .event(R"({"ts":"2026-11-23T08:13:04.250Z","request":{"method":"GET","uri":"/"},)"
                       R"("duration":1,"size":0,"status":404})")
                .time_ms,
            1795421584250);
}

TEST(Caddy, WhatItSaysOfItself) {
  FormatLines caddy("caddy");
  const LogMessage message = caddy.message(
      R"({"level":"error","ts":1646861401.5,"logger":"tls","msg":"could not get certificate",)"
      R"("error":"no such host"})");
  EXPECT_EQ(message.level, "error");
  EXPECT_EQ(message.message, "could not get certificate");
  EXPECT_EQ(message.time_ms, 1646861401500);
}

// When the client goes away before there is an answer, Caddy writes the status 0.
TEST(Caddy, OddLines) {
  FormatLines caddy("caddy");
  EXPECT_EQ(caddy.outcome(R"({"request":{"method":"GET","uri":"/"},"duration":1,"status":0})"),
            "bad_status");
  EXPECT_EQ(caddy.outcome(R"({"request":"GET /","status":200})"), "no_request");
  EXPECT_EQ(caddy.outcome(R"(127.0.0.1 - - [10/Mar/2022:00:00:00 +0000] "GET / HTTP/1.1" 200 5)"),
            "not_json");
}

}  // namespace
}  // namespace backstay::formats
