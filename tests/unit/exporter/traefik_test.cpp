#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

TEST(Traefik, ARequestThroughARouter) {
  FormatLines traefik("traefik");
  const AccessEvent event = traefik.event(
      R"({"ClientAddr":"203.0.113.7:4711","ClientHost":"203.0.113.7","DownstreamContentSize":397,)"
      R"("DownstreamStatus":200,"Duration":3454189,"OriginDuration":3427197,"OriginStatus":500,)"
      R"("RequestContentSize":12,"RequestHost":"app.example.com","RequestMethod":"GET",)"
      R"("RequestPath":"/.env","RequestProtocol":"HTTP/1.1","RouterName":"sentinel@docker",)"
      R"("StartUTC":"2026-11-23T08:13:04.246545811Z","level":"info","msg":"",)"
      R"("request_X-Request-Id":"4f2a","time":"2026-11-23T08:13:04Z"})");
  EXPECT_EQ(event.method, "GET");
  EXPECT_EQ(event.target, "/.env");
  EXPECT_EQ(event.route, "sentinel@docker");
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.request_bytes, 12U);
  EXPECT_EQ(event.response_bytes, 397U);
  EXPECT_EQ(event.duration_seconds, 0.003454189);
  EXPECT_EQ(event.time_ms, 1795421584000);
  EXPECT_EQ(event.request_id, "4f2a");
}

TEST(Traefik, WithoutARouterThereIsNoRoute) {
  FormatLines traefik("traefik");
  const AccessEvent event = traefik.event(
      R"({"RequestMethod":"GET","RequestPath":"/","DownstreamStatus":404,"Duration":0,)"
      R"("StartUTC":"2026-11-23T08:13:04.25Z"})");
  EXPECT_TRUE(event.route.empty());
  EXPECT_EQ(event.duration_seconds, 0.0);
  EXPECT_EQ(event.time_ms, 1795421584250);
}

TEST(Traefik, WhatItSaysOfItself) {
  FormatLines traefik("traefik");
  const LogMessage message = traefik.message(
      R"({"level":"error","msg":"service not found","routerName":"a@docker","time":"2026-11-23T08:13:04Z"})");
  EXPECT_EQ(message.level, "error");
  EXPECT_EQ(message.message, "service not found");
}

TEST(Traefik, OddLines) {
  FormatLines traefik("traefik");
  EXPECT_EQ(traefik.outcome(R"({"RequestMethod":"GET","RequestPath":"/","DownstreamStatus":0})"),
            "bad_status");
  EXPECT_EQ(
      traefik.outcome(R"({"RequestMethod":"GET","RequestPath":["/"],"DownstreamStatus":200})"),
      "bad_field");
}

}  // namespace
}  // namespace backstay::formats
