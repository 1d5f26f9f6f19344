#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

std::string line(const std::string& times) {
  return R"({"ClientRequestHost":"app.example.com","ClientRequestMethod":"GET",)"
         R"("ClientRequestURI":"/var/www?a=1",)" +
         times +
         R"(,"EdgeResponseBytes":1935,"EdgeResponseStatus":403,"RayID":"48b371889c489b2c"})";
}

TEST(Cloudflare, ARequestWithTimesInNanoseconds) {
  FormatLines cloudflare("cloudflare");
  const AccessEvent event = cloudflare.event(
      line(R"("EdgeEndTimestamp":1545155129703000000,"EdgeStartTimestamp":1545155129696000000)"));
  EXPECT_EQ(event.method, "GET");
  EXPECT_EQ(event.target, "/var/www?a=1");
  EXPECT_EQ(event.status, 403);
  EXPECT_EQ(event.response_bytes, 1935U);
  EXPECT_EQ(event.duration_seconds, 0.007);
  EXPECT_EQ(event.time_ms, 1545155129703);
  EXPECT_EQ(event.request_id, "48b371889c489b2c");
}

TEST(Cloudflare, WholeSecondsAreTooCoarseForADuration) {
  FormatLines cloudflare("cloudflare");
  const std::string rfc3339 =
      R"("EdgeStartTimestamp":"2018-12-18T17:45:29Z","EdgeEndTimestamp":"2018-12-18T17:45:30Z")";
  const std::string seconds = R"("EdgeStartTimestamp":1545155129,"EdgeEndTimestamp":1545155130)";
  for (const std::string& times : {rfc3339, seconds}) {
    EXPECT_FALSE(cloudflare.event(line(times)).duration_seconds);
    EXPECT_EQ(cloudflare.event(line(times)).time_ms, 1545155130000);
    EXPECT_EQ(cloudflare.event(line(times + R"(,"EdgeTimeToFirstByteMs":7)")).duration_seconds,
              0.007);
  }
  const std::string fine =
      R"("EdgeStartTimestamp":"2018-12-18T17:45:29.5Z",)"
      R"("EdgeEndTimestamp":"2018-12-18T17:45:30.25Z","EdgeTimeToFirstByteMs":7)";
  EXPECT_EQ(cloudflare.event(line(fine)).duration_seconds, 0.75);
}

TEST(Cloudflare, AnEndBeforeTheStartIsNoDuration) {
  FormatLines cloudflare("cloudflare");
  EXPECT_FALSE(
      cloudflare
          .event(line(
              R"("EdgeEndTimestamp":1545155129696000000,"EdgeStartTimestamp":1545155129703000000)"))
          .duration_seconds);
}

// Found by the fuzzer.
TEST(Cloudflare, YearsAreNoDuration) {
  FormatLines cloudflare("cloudflare");
  const AccessEvent event = cloudflare.event(
      line(R"("EdgeStartTimestamp":1545155129696000000,"EdgeEndTimestamp":3090310259406000000)"));
  EXPECT_FALSE(event.duration_seconds);
  EXPECT_EQ(event.time_ms, 3090310259406);
}

TEST(Cloudflare, ThePathWhereThereIsNoUri) {
  FormatLines cloudflare("cloudflare");
  EXPECT_EQ(
      cloudflare
          .event(
              R"({"ClientRequestMethod":"GET","ClientRequestPath":"/a","EdgeResponseStatus":200,)"
              R"("ClientRequestBytes":77,"OriginResponseStatus":0})")
          .target,
      "/a");
}

TEST(Cloudflare, OddLines) {
  FormatLines cloudflare("cloudflare");
  EXPECT_EQ(cloudflare.outcome(R"({"content":"tests"})"), "no_request");
  EXPECT_EQ(cloudflare.outcome(
                R"({"ClientRequestMethod":"GET","ClientRequestURI":"/","EdgeResponseStatus":0})"),
            "bad_status");
}

}  // namespace
}  // namespace backstay::formats
