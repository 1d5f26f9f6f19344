#include "exporter/formats/combined.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

const std::string kHead = R"(127.0.0.1 - - [23/Nov/2026:08:13:04 +0000] )";
const std::string kAgent = R"( "-" "curl/7.88.1")";

FormatLines& lines() {
  static FormatLines combined("combined");
  return combined;
}

// Good until the next one.
AccessEvent event_of(const std::string& line) { return lines().event(line); }

// "event", or why it is none.
std::string reason_of(const std::string& line) { return lines().outcome(line); }

std::optional<double> duration_of(const std::string& tail) {
  const std::string line = kHead + R"("GET / HTTP/1.1" 200 5)" + kAgent + tail;
  return event_of(line).duration_seconds;
}

TEST(Combined, ALineOfNginxWithRequestTime) {
  const std::string line =
      R"(203.0.113.7 - ada [23/Nov/2026:08:13:04 +0000] "POST /api/invitations?x=1 HTTP/2.0" 201 87 )"
      R"log("https://app.example.com/" "Mozilla/5.0 (X11; Linux x86_64)" 0.012)log";
  const AccessEvent event = event_of(line);
  EXPECT_EQ(event.method, "POST");
  EXPECT_EQ(event.target, "/api/invitations?x=1");
  EXPECT_EQ(event.status, 201);
  EXPECT_EQ(event.response_bytes, 87U);
  EXPECT_EQ(event.duration_seconds, 0.012);
}

TEST(Combined, ALineOfApacheWithoutTime) {
  const std::string line =
      R"(83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /images/search.png HTTP/1.1" 304 - )"
      R"log("http://example.com/" "Mozilla/5.0 (Macintosh)")log";
  const AccessEvent event = event_of(line);
  EXPECT_EQ(event.method, "GET");
  EXPECT_EQ(event.target, "/images/search.png");
  EXPECT_EQ(event.status, 304);
  EXPECT_EQ(event.response_bytes, 0U);
  EXPECT_FALSE(event.duration_seconds);
}

TEST(Combined, TheCommonFormatHasNoAgent) {
  const std::string line = kHead + R"("GET /a HTTP/1.1" 200 12)";
  EXPECT_EQ(event_of(line).response_bytes, 12U);
  EXPECT_FALSE(event_of(line).duration_seconds);
}

TEST(Combined, AnAddressOfIpv6AndAUserWithBlanks) {
  const std::string line =
      R"(2001:db8::7 - ada lovelace [23/Nov/2026:08:13:04 +0000] "GET /a HTTP/1.1" 200 1)" + kAgent;
  EXPECT_EQ(event_of(line).target, "/a");
}

TEST(Combined, NamedTimesInAnyOrder) {
  EXPECT_EQ(duration_of(R"( rt=0.250)"), 0.25);
  EXPECT_EQ(duration_of(R"( rt="0.250" uct="0.001" uht="0.002" urt="0.003")"), 0.25);
  EXPECT_EQ(duration_of(R"( uct="0.001" uht="0.002" urt="0.003" rt="0.250")"), 0.25);
  EXPECT_EQ(duration_of(R"( uct=- uht=- urt=- rt=0.250)"), 0.25);
  EXPECT_EQ(duration_of(R"( rt="0.250" uct="-" uht="-" urt="-")"), 0.25);
  EXPECT_EQ(duration_of(R"( rt="0.250" urt="0.100, 0.149 : 0.001")"), 0.25);
  EXPECT_EQ(duration_of(R"( urt="0.100, 0.149" rt="0.250")"), 0.25);
  EXPECT_EQ(duration_of(R"( rt=3)"), 3.0);
  EXPECT_EQ(duration_of(R"( rt=0.250 rt=0.5 0.75)"), 0.25);
  EXPECT_EQ(duration_of(R"( 0.75 rt=0.250)"), 0.25);
}

TEST(Combined, ABareTimeBehindWhateverIsQuoted) {
  EXPECT_EQ(duration_of(R"( 0.012)"), 0.012);
  EXPECT_EQ(duration_of(R"( 0.000)"), 0.0);
  EXPECT_EQ(duration_of(R"( 0.012 0.010 .)"), 0.012);
  EXPECT_EQ(duration_of(R"( "203.0.113.7, 10.0.0.1" 0.012)"), 0.012);
  EXPECT_EQ(duration_of(R"(  0.012  )"), 0.012);
}

TEST(Combined, TheTimeOfTheLine) {
  const auto time_ms_of = [](const std::string& time) {
    return event_of("127.0.0.1 - - [" + time + R"(] "GET / HTTP/1.1" 200 5)").time_ms;
  };
  EXPECT_EQ(time_ms_of("23/Nov/2026:08:13:04 +0000"), 1795421584000);
  EXPECT_EQ(time_ms_of("23/Nov/2026:08:13:04 +0000"), 1795421584000);
  EXPECT_EQ(time_ms_of("23/Nov/2026:08:13:05 +0000"), 1795421585000);
  EXPECT_EQ(time_ms_of("23/Nov/2026:08:13:05 +0100"), 1795417985000);
  EXPECT_EQ(time_ms_of("23/Nov/2026:08:13:04.250 +0000"), 1795421584250);
  EXPECT_EQ(time_ms_of("2026-11-23T08:13:04+00:00"), 1795421584000);  // nginx's $time_iso8601
  EXPECT_FALSE(time_ms_of("23/Nov/2026:08:13:99 +0000"));
  EXPECT_FALSE(time_ms_of("-"));
}

TEST(Combined, TheIdAndTheLengthOfTheRequest) {
  const auto event_behind = [](const std::string& tail) {
    static std::string line;
    line = kHead + R"("GET / HTTP/1.1" 200 5)" + kAgent + tail;
    return event_of(line);
  };
  EXPECT_EQ(event_behind(R"( rt=0.250 rid=4f2a rl=812)").request_id, "4f2a");
  EXPECT_EQ(event_behind(R"( rt=0.250 rid=4f2a rl=812)").request_bytes, 812U);
  EXPECT_EQ(event_behind(R"( rid="4f 2a" rl="812" rt="0.250")").request_id, "4f 2a");
  EXPECT_EQ(event_behind(R"( rid="4f 2a" rl="812" rt="0.250")").request_bytes, 812U);
  EXPECT_EQ(event_behind(R"( rid="4f 2a" rl="812" rt="0.250")").duration_seconds, 0.25);
  EXPECT_EQ(event_behind(R"( request_id=4f2a)").request_id, "4f2a");
  EXPECT_TRUE(event_behind(R"( rid=- rl=-)").request_id.empty());
  EXPECT_FALSE(event_behind(R"( rid=- rl=-)").request_bytes);
  EXPECT_TRUE(event_behind(R"( "rid=4f2a rl=812")").request_id.empty());
  EXPECT_FALSE(event_behind(R"( "rid=4f2a rl=812")").request_bytes);
}

// A client chooses the text of a quoted field: it must not choose the time of its request.
TEST(Combined, TimesInsideQuotedFieldsAreNone) {
  EXPECT_FALSE(duration_of(R"( "rt=9.5 0.5")"));
  EXPECT_FALSE(duration_of(R"( "0.5")"));
  EXPECT_EQ(duration_of(R"( "x rt=9.5 " rt="0.001")"), 0.001);
  const std::string line = kHead + R"("GET / HTTP/1.1" 200 5 "-" "agent\" rt=9.5 \"" rt=0.002)";
  EXPECT_EQ(event_of(line).duration_seconds, 0.002);
}

TEST(Combined, WhatIsNoTimeIsAbsent) {
  EXPECT_FALSE(duration_of(""));
  EXPECT_FALSE(duration_of(R"( rt="-")"));
  EXPECT_FALSE(duration_of(R"( rt=)"));
  EXPECT_FALSE(duration_of(R"( rt=-0.5)"));
  EXPECT_FALSE(duration_of(R"( rt=nan)"));
  EXPECT_FALSE(duration_of(R"( rt=inf)"));
  EXPECT_FALSE(duration_of(R"( rt=1e99)"));
  EXPECT_FALSE(duration_of(R"( urt="0.003")"));
  EXPECT_FALSE(duration_of(R"( 0.5s)"));
}

// Apache's %D is in microseconds, ingress-nginx writes the request's length before its time.
TEST(Combined, ABareWholeNumberIsNoTime) {
  EXPECT_FALSE(duration_of(" 1234"));
  EXPECT_EQ(duration_of(" 443 0.012"), 0.012);
}

TEST(Combined, EscapedQuotesOfNginxAndApache) {
  const std::string nginx =
      kHead + R"("GET /search?q=\x22a\x22 HTTP/1.1" 200 5 "-" "\x22bot\x22" 0.004)";
  EXPECT_EQ(event_of(nginx).target, R"(/search?q=\x22a\x22)");
  EXPECT_EQ(event_of(nginx).duration_seconds, 0.004);
  const std::string apache =
      kHead + R"("GET /search?q=\"a\" HTTP/1.1" 200 5 "-" "a \"bot\" 200 \\" 0.004)";
  EXPECT_EQ(event_of(apache).target, R"(/search?q=\"a\")");
  EXPECT_EQ(event_of(apache).duration_seconds, 0.004);
}

TEST(Combined, RequestsAsTheyAreAsked) {
  const auto target_of = [](const std::string& request) {
    const std::string line = kHead + "\"" + request + "\" 200 5";
    return std::string(event_of(line).target);
  };
  EXPECT_EQ(target_of("GET /a"), "/a");  // HTTP/0.9
  EXPECT_EQ(target_of("GET /a b HTTP/1.1"), "/a b");
  EXPECT_EQ(target_of("GET /a FTP/1.1"), "/a FTP/1.1");
  EXPECT_EQ(target_of("CONNECT example.com:443 HTTP/1.1"), "example.com:443");
  EXPECT_EQ(target_of("OPTIONS * HTTP/1.0"), "*");
}

TEST(Combined, CarriageReturnAtTheEnd) {
  const std::string line = kHead + R"("GET /a HTTP/1.1" 200 5)" + kAgent + " 0.007\r";
  EXPECT_EQ(event_of(line).duration_seconds, 0.007);
  EXPECT_EQ(reason_of("\r"), "empty");
}

TEST(Combined, JunkIsRejectedWithItsReason) {
  EXPECT_EQ(reason_of(""), "empty");
  EXPECT_EQ(reason_of("hello"), "no_time");
  EXPECT_EQ(reason_of(R"(127.0.0.1 - - "GET / HTTP/1.1" 200 5)"), "no_time");
  EXPECT_EQ(reason_of(kHead), "no_request");
  EXPECT_EQ(reason_of(R"(127.0.0.1 - - [23/Nov/2026:08:13:04 +0000] GET / 200 5)"), "no_request");
  // What a port that expects HTTP gets from everybody else.
  EXPECT_EQ(reason_of(kHead + R"("" 400 0)"), "bad_request_line");
  EXPECT_EQ(reason_of(kHead + R"("-" 408 0)"), "bad_request_line");
  EXPECT_EQ(reason_of(kHead + R"("\x16\x03\x01\x02\x00 \x01" 400 157)"), "bad_request_line");
  EXPECT_EQ(reason_of(kHead + R"("GET  HTTP/1.1" 400 0)"), "bad_request_line");
  EXPECT_EQ(reason_of(kHead + "\"" + std::string(33, 'A') + R"( / HTTP/1.1" 400 0)"),
            "bad_request_line");
  EXPECT_EQ(reason_of(kHead + R"("GET / HTTP/1.1" abc 5)"), "bad_status");
  EXPECT_EQ(reason_of(kHead + R"("GET / HTTP/1.1" 99 5)"), "bad_status");
  EXPECT_EQ(reason_of(kHead + R"("GET / HTTP/1.1" 600 5)"), "bad_status");
  EXPECT_EQ(reason_of(kHead + R"("GET / HTTP/1.1" 99999999999 5)"), "bad_status");
  EXPECT_EQ(reason_of(kHead + R"("GET / HTTP/1.1"200 5)"), "bad_status");
  EXPECT_EQ(reason_of(kHead + R"("GET / HTTP/1.1" 200x5)"), "bad_status");
}

// As after a crash of the machine: a hole in the file reads as zeros.
TEST(Combined, NulBytesMeanADamagedFile) {
  const std::string zeros(512, '\0');
  EXPECT_EQ(reason_of(zeros), "control_characters");
  EXPECT_EQ(reason_of(kHead + R"("GET /)" + zeros + R"( HTTP/1.1" 200 5)"), "control_characters");
}

TEST(Combined, ANulIsFoundWhereverItStandsAndNotBehindTheLine) {
  const std::string good =
      kHead + R"("GET /a HTTP/1.1" 200 5 "-" ")" + std::string(100, 'a') + R"(" 0.012)";
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = '\0';
    EXPECT_EQ(reason_of(damaged), "control_characters") << at;
  }
  const std::string with_nuls_behind = good + std::string(kReadableBeyond, '\0');
  const Parsed parsed = Combined().parse({with_nuls_behind.data(), good.size()});
  EXPECT_TRUE(std::holds_alternative<AccessEvent>(parsed));
}

// A line is looked through in blocks of 64 bytes.
TEST(Combined, FieldsAreTheSameWhereverTheyBegin) {
  for (std::size_t shift = 0; shift < 130; ++shift) {
    const std::string line = std::string(shift, 'x') + kHead +
                             R"("GET /\"a\" HTTP/1.1" 200 5 "https://a/" "\"b\" \\" 0.012)";
    const AccessEvent event = event_of(line);
    EXPECT_EQ(event.target, R"(/\"a\")") << shift;
    EXPECT_EQ(event.time_ms, 1795421584000) << shift;
    EXPECT_EQ(event.duration_seconds, 0.012) << shift;
  }
}

// A quote in the name of a user does not begin the request, nor does one in its time.
TEST(Combined, TheRequestBeginsBehindTheTime) {
  EXPECT_EQ(
      event_of(R"(::1 - "a" [x "y" 23/Nov/2026:08:13:04 +0000] "GET /a HTTP/1.1" 200 5)").target,
      "/a");
  EXPECT_EQ(reason_of(R"(::1 - "a] [" "GET /a HTTP/1.1" 200 5)"), "no_request");
}

TEST(Combined, OverLongLinesAreRejectedAndLongOnesAreNot) {
  const std::string tail = R"( HTTP/1.1" 200 5)";
  const std::string start = kHead + R"("GET /)";
  const std::size_t room = kLineBytesMax - start.size() - tail.size();
  EXPECT_EQ(reason_of(start + std::string(room, 'a') + tail), "event");
  EXPECT_EQ(reason_of(start + std::string(room + 1, 'a') + tail), "too_long");
}

// Whatever of a line has been written when it breaks off is told from a request that is complete.
TEST(Combined, HalfLines) {
  const std::string line = kHead + R"("GET /a HTTP/1.1" 200 5 "-" "curl" 0.012)";
  const std::size_t status_end = line.find(" 200 ") + 4;
  for (std::size_t size = 0; size < status_end; ++size) {
    EXPECT_NE(reason_of(line.substr(0, size)), "event") << line.substr(0, size);
  }
  for (std::size_t size = status_end; size <= line.size(); ++size) {
    EXPECT_EQ(reason_of(line.substr(0, size)), "event") << line.substr(0, size);
  }
}

void expect_event_or_reason(const std::string& line) {
  const auto parsed = lines().parse(line);
  if (const auto* event = std::get_if<AccessEvent>(&parsed)) {
    EXPECT_FALSE(event->method.empty());
    EXPECT_FALSE(event->target.empty());
    EXPECT_NE(line.find(event->target), std::string::npos);
    EXPECT_TRUE(event->status >= 100 && event->status <= 599) << event->status;
    EXPECT_TRUE(!event->duration_seconds || *event->duration_seconds >= 0);
  } else {
    const RejectReason reason = std::get<RejectReason>(parsed);
    EXPECT_LT(static_cast<std::size_t>(reason), kRejectReasons);
    EXPECT_FALSE(to_string(reason).empty());
  }
}

TEST(Combined, AnyBytesAreAnEventOrAReason) {
  std::mt19937 random(42);
  const auto below = [&random](std::size_t limit) { return random() % limit; };
  const std::string valid =
      kHead + R"("GET /a?b=\"c\" HTTP/1.1" 200 5 "-" "x\\" rt="0.012" urt="0.1, -")";
  const std::string_view marks = "\"\\[] -.=\r0r";
  for (int round = 0; round < 20'000; ++round) {
    std::string noise(below(80), '\0');
    for (char& c : noise) c = static_cast<char>(random());
    expect_event_or_reason(noise);
    std::string damaged = valid.substr(0, 1 + below(valid.size()));
    for (std::size_t i = below(6); i > 0; --i) {
      const char mark = below(2) == 0 ? static_cast<char>(random()) : marks[below(marks.size())];
      damaged[below(damaged.size())] = mark;
    }
    expect_event_or_reason(damaged);
  }
}

}  // namespace
}  // namespace backstay::formats
