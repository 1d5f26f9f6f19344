#include <cstdlib>
#include <ctime>

#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

// The lines are HAProxy 2.6's own, as it wrote them to standard output and to syslog.
const std::string kDate = "127.0.0.1:46102 [25/Nov/2026:14:17:36.917] ";
const std::string kTail = R"(200 1137 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1")";

class Zone {
 public:
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

TEST(Haproxy, ARequestThatWasAnswered) {
  const Zone utc("UTC");
  FormatLines haproxy("haproxy");
  const AccessEvent event = haproxy.event(
      kDate +
      R"(fe app/s1 0/0/0/308/309 404 1144 - - ---- 4/4/2/2/0 0/0 "POST /slow?x=1 HTTP/1.1")");
  EXPECT_EQ(event.method, "POST");
  EXPECT_EQ(event.target, "/slow?x=1");
  EXPECT_EQ(event.status, 404);
  EXPECT_EQ(event.response_bytes, 1144U);
  EXPECT_EQ(event.duration_seconds, 0.309);
  EXPECT_EQ(event.time_ms, 1795616256917 + 309);  // its first byte, and how long it took
  EXPECT_EQ(event.in_flight, 3U);
  EXPECT_TRUE(event.route.empty());
}

TEST(Haproxy, BehindWhateverSyslogPutsInFront) {
  FormatLines haproxy("haproxy");
  for (const std::string header :
       {"", "<134>Nov 25 14:17:40 localhost haproxy[23670]: ", "Nov 25 14:17:40 web haproxy[1]: ",
        "<134>1 2026-11-25T14:17:40.626093+00:00 - haproxy 23670 - - ",
        R"(<134>1 2026-11-25T14:17:40Z web haproxy 23670 - [origin@1 ip="::1"] )",
        "2026-11-25T14:17:40.626157+00:00 "}) {
    const AccessEvent event = haproxy.event(header + kDate + "fe app/s1 0/0/1/0/1 " + kTail);
    EXPECT_EQ(event.target, "/a") << header;
    EXPECT_TRUE(event.time_ms) << header;
  }
}

TEST(Haproxy, ClientsOfEveryKind) {
  FormatLines haproxy("haproxy");
  const std::string rest = " [25/Nov/2026:14:17:40.003] fe app/s1 0/0/0/3/7 " + kTail;
  EXPECT_EQ(haproxy.event("unix:2" + rest).status, 200);
  EXPECT_EQ(haproxy.event("::1:47312" + rest).status, 200);
}

TEST(Haproxy, WhatWasNeverReachedHasNoTimeOfItsOwn) {
  FormatLines haproxy("haproxy");
  const AccessEvent refused = haproxy.event(
      kDate + R"(fe fe/<NOSRV> 0/-1/-1/-1/0 403 192 - - PR-- 1/1/0/0/0 0/0 "GET /deny HTTP/1.1")");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.duration_seconds, 0.0);
  const AccessEvent down = haproxy.event(
      kDate + R"(fe dead/s1 0/0/-1/-1/302 503 217 - - SC-- 1/1/0/0/+1 0/0 "GET /dead/1 HTTP/1.1")");
  EXPECT_EQ(down.status, 503);
  EXPECT_EQ(down.duration_seconds, 0.302);
  EXPECT_EQ(down.in_flight, 1U);
  EXPECT_FALSE(haproxy.event(kDate + "fe app/s1 0/0/-1/-1/-1 " + kTail).duration_seconds);
}

// With `option logasap` a + says that there is more to come, and the request is still in flight.
TEST(Haproxy, ALineThatWasWrittenEarly) {
  FormatLines haproxy("haproxy");
  const AccessEvent event = haproxy.event(
      "127.0.0.1:41584 [25/Nov/2026:14:18:17.873] asap app/s1 0/0/0/303/+303 200 +1137 - - ---- "
      R"(3/3/3/3/0 0/0 "GET /slow/asap1 HTTP/1.1")");
  EXPECT_EQ(event.duration_seconds, 0.303);
  EXPECT_EQ(event.response_bytes, 1137U);
  EXPECT_EQ(event.in_flight, 3U);
}

// Headers that were captured stand in braces, with blanks; quotes of a client are written #22.
TEST(Haproxy, CapturedHeadersAndCookies) {
  FormatLines haproxy("haproxy");
  const std::string start = "127.0.0.1:54294 [25/Nov/2026:14:17:39.914] captures app/s1 0/0/3/5/8 ";
  const std::string request = R"( 0/0 {my.example.com|Mozilla/5.0 (X11; #22q#22 #7Bb#7C) x} )"
                              R"({te st#22#7B} "GET /cap HTTP/1.1")";
  EXPECT_EQ(haproxy.event(start + "200 1137 SESSION=abc - --NI 2/1/1/1/0" + request).target,
            "/cap");
  EXPECT_EQ(haproxy.event(start + "200 1137 SESSION=abc - --NI 2/1/1/1/0" + request).in_flight, 2U);
  // A cookie with blanks shifts the fields behind it: it must not choose what they are.
  const AccessEvent shifted =
      haproxy.event(start + "200 1137 SESSION=a b 1/1/99/1/1 c - ---- 2/1/1/1/0" + request);
  EXPECT_EQ(shifted.target, "/cap");
  EXPECT_NE(shifted.in_flight, 2U);
}

TEST(Haproxy, TheHttpsLogAndHttp2) {
  FormatLines haproxy("haproxy");
  EXPECT_EQ(haproxy.event(kDate + "https app/s1 0/0/0/2/2 " + kTail + " 0/-/-/-/0 -/-/-").target,
            "/a");
  const AccessEvent h2 =
      haproxy.event(kDate + R"(tls~ app/s1 0/0/0/7/7 200 1137 - - ---- 1/1/0/0/0 0/0 )"
                            R"("GET https://127.0.0.1:18186/tls/h2 HTTP/2.0")");
  EXPECT_EQ(h2.target, "https://127.0.0.1:18186/tls/h2");
}

// Longer than `log … len`, by default 1024 bytes.
TEST(Haproxy, ARequestThatWasCutOff) {
  FormatLines haproxy("haproxy");
  const std::string head = kDate + "fe app/s1 0/0/1/0/1 200 1137 - - ---- 1/1/0/0/0 0/0 ";
  EXPECT_EQ(haproxy.event(head + "\"GET /long/aaaa").target, "/long/aaaa");
  EXPECT_EQ(haproxy.outcome(head + "{agent"), "no_request");
  EXPECT_EQ(haproxy.outcome(head + "\"GE"), "bad_request_line");
}

TEST(Haproxy, WhatIsNoRequestIsRejectedWithItsReason) {
  FormatLines haproxy("haproxy");
  const std::string bad = R"( - - PR-- 1/1/0/0/0 0/0 "<BADREQ>")";
  EXPECT_EQ(haproxy.outcome(kDate + "fe fe/<NOSRV> -1/-1/-1/-1/0 400 0" + bad), "bad_request_line");
  EXPECT_EQ(haproxy.outcome(kDate + "fe fe/<NOSRV> -1/-1/-1/-1/204 -1 0" + bad), "bad_status");
  EXPECT_EQ(haproxy.outcome(kDate + "fe fe/<NOSRV> 0/0/0/0/0 abc 0" + bad), "bad_status");
  EXPECT_EQ(haproxy.outcome(kDate + "fe fe/<NOSRV> 0/0/0/0/0 99999999999999999999 0" + bad),
            "bad_status");
  EXPECT_EQ(haproxy.outcome("127.0.0.1:48694 [25/Nov/2026:14:17:40.503] tcp tcp/s1 1/0/6 1138 -- "
                            "1/1/0/0/0 0/0"),
            "no_request");
  EXPECT_EQ(
      haproxy.outcome("127.0.0.1:33184 [25/Nov/2026:14:17:40.464] tls/1: SSL handshake failure"),
      "no_request");
  EXPECT_EQ(haproxy.outcome("Server app/s1 is DOWN, reason: Layer4 connection problem."),
            "no_time");
  EXPECT_EQ(haproxy.outcome(""), "empty");
  EXPECT_EQ(haproxy.outcome("\r"), "empty");
  EXPECT_EQ(haproxy.outcome(kDate + std::string(3, '\0')), "control_characters");
  EXPECT_EQ(haproxy.outcome(std::string(kLineBytesMax + 1, 'a')), "too_long");
}

TEST(Haproxy, HalfLinesAreNoRequestBeforeTheTarget) {
  FormatLines haproxy("haproxy");
  const std::string line = kDate + "fe app/s1 0/0/1/0/1 " + kTail;
  for (std::size_t size = 0; size < line.find("/a HTTP"); ++size) {
    EXPECT_NE(haproxy.outcome(line.substr(0, size)), "event") << line.substr(0, size);
  }
}

// HAProxy writes the time of its own zone and does not say which.
TEST(Haproxy, TheTimeIsInTheZoneOfThisProcess) {
  FormatLines haproxy("haproxy");
  const auto time_of = [&haproxy](const std::string& date) {
    return haproxy.event("127.0.0.1:1 [" + date + "] fe app/s1 0/0/0/0/0 " + kTail).time_ms;
  };
  const Zone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(time_of("25/Nov/2026:14:17:36.917"), 1795612656917);
  EXPECT_EQ(time_of("25/Nov/2026:14:17:37.000"), 1795612657000);
  EXPECT_EQ(time_of("25/Jul/2026:14:17:36.917"), 1784981856917);
  EXPECT_EQ(time_of("29/Mar/2026:01:59:59.000"), 1774745999000);  // the clocks go forward
  EXPECT_EQ(time_of("29/Mar/2026:03:00:00.000"), 1774746000000);
  EXPECT_FALSE(time_of("31/Foo/2026:14:17:36.917"));
}

}  // namespace
}  // namespace backstay::formats
