#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

const std::string kRequest = R"("method":"GET","uri":"/a","status":200)";

std::string with(const std::string& fields) { return "{" + kRequest + "," + fields + "}"; }

TEST(Json, TheUsualNamesOfNginx) {
  FormatLines json("json");
  const AccessEvent event = json.event(
      R"({"time_iso8601":"2026-11-23T08:13:04+00:00","request":"POST /api/invitations?x=1 HTTP/2.0",)"
      R"("status":"201","body_bytes_sent":"87","request_length":"512","request_time":"0.012",)"
      R"("request_id":"4f2a","http_user_agent":"curl"})");
  EXPECT_EQ(event.method, "POST");
  EXPECT_EQ(event.target, "/api/invitations?x=1");
  EXPECT_EQ(event.status, 201);
  EXPECT_EQ(event.response_bytes, 87U);
  EXPECT_EQ(event.request_bytes, 512U);
  EXPECT_EQ(event.duration_seconds, 0.012);
  EXPECT_EQ(event.time_ms, 1795421584000);
  EXPECT_EQ(event.request_id, "4f2a");
}

TEST(Json, TheUsualNamesOfServices) {
  FormatLines json("json");
  const AccessEvent pino = json.event(
      R"({"level":30,"time":1795421584250,"req":{"id":7,"method":"GET","url":"/a?b","headers":{}},)"
      R"("res":{"statusCode":304,"headers":{"x":[1,{"method":"no"}]}},"responseTime":12,"msg":"done"})");
  EXPECT_EQ(pino.method, "GET");
  EXPECT_EQ(pino.target, "/a?b");
  EXPECT_EQ(pino.status, 304);
  EXPECT_EQ(pino.duration_seconds, 0.012);
  EXPECT_EQ(pino.time_ms, 1795421584250);
  EXPECT_EQ(pino.request_id, "7");
  const AccessEvent ecs = json.event(
      R"({"@timestamp":"2026-11-23T08:13:04.250Z","http.request.method":"GET","url":{"path":"/a"},)"
      R"("http":{"response":{"status_code":500,"body":{"bytes":9}}},"event":{"duration":1500000}})");
  EXPECT_EQ(ecs.method, "GET");
  EXPECT_EQ(ecs.target, "/a");
  EXPECT_EQ(ecs.status, 500);
  EXPECT_EQ(ecs.response_bytes, 9U);
  EXPECT_EQ(ecs.duration_seconds, 0.0015);
}

TEST(Json, FieldsNamedInTheConfiguration) {
  FormatLines json("json", {{"method", "a.b.verb"},
                            {"target", "where"},
                            {"route", "tpl"},
                            {"status", "code"},
                            {"duration_us", "took"},
                            {"in_flight", "load"}});
  const AccessEvent event = json.event(
      R"({"a":{"b":{"verb":"PUT"}},"where":"/x/1","tpl":"/x/:id","code":204,"took":2500,"load":7,)"
      R"("method":"GET","uri":"/no","status":500,"request_time":9.5,"bytes_sent":3})");
  EXPECT_EQ(event.method, "PUT");
  EXPECT_EQ(event.target, "/x/1");
  EXPECT_EQ(event.route, "/x/:id");
  EXPECT_EQ(event.status, 204);
  EXPECT_EQ(event.duration_seconds, 0.0025);
  EXPECT_EQ(event.in_flight, 7U);
  EXPECT_EQ(event.response_bytes, 3U);  // its usual name still holds
  EXPECT_EQ(json.outcome("{" + kRequest + "}"), "no_request");
}

TEST(Json, ADotMayBeInANameOrLeadIntoAnObject) {
  FormatLines json("json", {{"route", "a.b.c.d"}});
  for (const std::string field :
       {R"("a.b.c.d":"/:id")", R"("a":{"b.c.d":"/:id"})", R"("a.b":{"c":{"d":"/:id"}})",
        R"("a":{"b":{"c":{"d":"/:id"}}})"}) {
    EXPECT_EQ(json.event(with(field)).route, "/:id") << field;
  }
  EXPECT_EQ(json.event(with(R"("b":{"c":{"d":"/:id"}})")).route, "");
  FormatLines deep("json", {{"route", "a" + std::string(100, '.')}});
  EXPECT_EQ(deep.event("{" + kRequest + "}").status, 200);
}

TEST(Json, AUsualNameMayBeGivenAnotherRole) {
  FormatLines json("json", {{"route", "path"}, {"duration_ms", "request_time"}});
  const AccessEvent event = json.event(with(R"("path":"/:id","request_time":12)"));
  EXPECT_EQ(event.target, "/a");
  EXPECT_EQ(event.route, "/:id");
  EXPECT_EQ(event.duration_seconds, 0.012);
}

TEST(Json, TheRoleSaysTheUnitOfTheDuration) {
  const auto duration = [](const std::string& role, const std::string& value) {
    FormatLines json("json", {{role, "d"}});
    return json.event(with("\"d\":" + value)).duration_seconds;
  };
  EXPECT_EQ(duration("duration_s", "0.25"), 0.25);
  EXPECT_EQ(duration("duration_s", "2.5e-1"), 0.25);
  EXPECT_EQ(duration("duration_ms", "250"), 0.25);
  EXPECT_EQ(duration("duration_us", "250000"), 0.25);
  EXPECT_EQ(duration("duration_ns", "250000000"), 0.25);
  EXPECT_EQ(duration("duration_ms", "\"250.0\""), 0.25);
  for (const std::string none : {"-1", "\"-\"", "\"\"", "null", "1e99", "\"0.5s\"", "\"nan\""}) {
    EXPECT_FALSE(duration("duration_s", none)) << none;
  }
  FormatLines unnamed("json");
  EXPECT_FALSE(unnamed.event(with(R"("duration":250)")).duration_seconds);
}

TEST(Json, EscapesOfStringsAreUndone) {
  FormatLines json("json");
  const AccessEvent event = json.event(
      R"({"method":"GET","uri":"\/a\"b\\\u00e9\n","status":200,"request_id":"\ud83d\ude00","x":"\"}"})");
  EXPECT_EQ(event.target, "/a\"b\\\u00e9\n");
  EXPECT_EQ(event.request_id, "\U0001F600");
  // nginx without escape=json, and half of a pair: no JSON, but a request.
  EXPECT_EQ(json.event(R"({"method":"GET","uri":"/\x22","status":200})").target, R"(/\x22)");
  EXPECT_EQ(json.event(R"({"method":"GET","uri":"/\ud83d","status":200})").target, R"(/\ud83d)");
}

// nginx writes what a client sent as it is, with escape=json too.
TEST(Json, BytesThatAreNoUtf8CostNoRequest) {
  FormatLines json("json");
  EXPECT_EQ(json.event("{\"method\":\"GET\",\"uri\":\"/\xff\xc3\",\"status\":200}").target,
            "/\uFFFD\uFFFD");
  EXPECT_EQ(json.event(with("\"agent\":\"\xed\xa0\x80\"")).target, "/a");
}

TEST(Json, OfAFieldThatIsThereTwiceTheLastCounts) {
  FormatLines json("json");
  EXPECT_EQ(json.event(with(R"("status":404)")).status, 404);
  EXPECT_EQ(json.event(with(R"("status":null)")).status, 200);
}

// nginx writes - where a variable has no value.
TEST(Json, WhatSaysNothingIsAbsent) {
  FormatLines json("json");
  for (const std::string nothing : {"null", "\"\"", "\"-\""}) {
    const AccessEvent event =
        json.event(with("\"request_id\":" + nothing + ",\"path\":" + nothing));
    EXPECT_TRUE(event.request_id.empty()) << nothing;
    EXPECT_EQ(json.outcome("{\"level\":" + nothing + "}"), "no_request") << nothing;
  }
}

TEST(Json, OfSeveralNamesTheFirstOfTheTableCounts) {
  FormatLines json("json");
  EXPECT_EQ(json.event(with(R"("path":"/b","request_uri":"/c?d")")).target, "/c?d");
  EXPECT_EQ(json.event(with(R"("request_uri":"")")).target, "/a");
}

TEST(Json, MessagesOfAService) {
  FormatLines json("json");
  const LogMessage pino = json.message(
      R"({"level":50,"time":1795421584250,"msg":"no \"luck\"","err":{"stack":"Error: x\n  at y"},)"
      R"("reqId":"r1"})");
  EXPECT_EQ(pino.level, "50");
  EXPECT_EQ(pino.message, "no \"luck\"");
  EXPECT_EQ(pino.stack, "Error: x\n  at y");
  EXPECT_EQ(pino.time_ms, 1795421584250);
  EXPECT_EQ(pino.request_id, "r1");
  const LogMessage zap = json.message(
      R"({"severity":"ERROR","ts":1795421584.25,"message":"failed","stacktrace":"main.go:1","ok":true})");
  EXPECT_EQ(zap.level, "ERROR");
  EXPECT_EQ(zap.stack, "main.go:1");
  EXPECT_EQ(zap.time_ms, 1795421584250);
  // It names a request, but not one that was answered.
  EXPECT_EQ(json.message(R"({"level":"error","msg":"x","method":"GET","path":"/a"})").message, "x");
  EXPECT_EQ(json.message(R"({"level":"error","msg":{"a":1},"error":"boom"})").message, "boom");
}

TEST(Json, WhateverElseALineHasIsPassedOver) {
  FormatLines json("json");
  EXPECT_EQ(
      json.event(with(R"("a":[[],{},[{"status":500}],true,false,null,-1.5e-7],"b":{"status":500})"))
          .status,
      200);
  EXPECT_EQ(
      json.event("  {  \"method\" : \"GET\" ,\t\"uri\" : \"/a\" , \"status\" : 200 }  \r").target,
      "/a");
  EXPECT_EQ(
      json.event(with(std::string(R"("deep":)") + std::string(2000, '[') + std::string(2000, ']')))
          .status,
      200);
}

TEST(Json, JunkIsRejectedWithItsReason) {
  FormatLines json("json");
  EXPECT_EQ(json.outcome(""), "empty");
  EXPECT_EQ(json.outcome(" \r"), "empty");
  for (const std::string line : {"hello",
                                 "\"a\"",
                                 "12",
                                 "null",
                                 "[]",
                                 "[{}]",
                                 "{",
                                 "}",
                                 "{\"a\"",
                                 "{\"a\":",
                                 "{\"a\":1",
                                 "{\"a\":1,",
                                 "{\"a\" 1}",
                                 "{a:1}",
                                 "{\"a\":1}}",
                                 "{\"a\":1}{\"b\":2}",
                                 "{\"a\":1} x",
                                 "{\"a\":\"b}",
                                 "{\"a\":[1}",
                                 "{\"status\":@}",
                                 "{\"a\":\"\x01\"}",
                                 "\xef\xbb\xbf{",
                                 "{\"uri\":{\"a\":1}"}) {
    EXPECT_EQ(json.outcome(line), "not_json") << line;
  }
  EXPECT_EQ(json.outcome("{}"), "no_request");
  EXPECT_EQ(json.outcome(R"({"a":1})"), "no_request");
  EXPECT_EQ(json.outcome(R"({"status":200})"), "no_request");
  EXPECT_EQ(json.outcome(R"({"method":"GET","uri":"/a"})"), "bad_status");
  for (const std::string status :
       {"0", "-1", "99", "600", "200.5", "\"abc\"", "1e99", "20000000000000000000"}) {
    EXPECT_EQ(json.outcome(R"({"method":"GET","uri":"/a","status":)" + status + "}"), "bad_status")
        << status;
  }
  EXPECT_EQ(json.outcome(R"({"method":"GET","uri":"/a","status":{"code":200}})"), "bad_status");
  EXPECT_EQ(json.outcome(R"({"method":"GET","uri":"/a","status":true})"), "bad_status");
  EXPECT_EQ(json.event(R"({"method":"GET","uri":"/a","status":200.0})").status, 200);
  EXPECT_EQ(json.outcome(R"({"method":"\u0016\u0003","uri":"/a","status":400})"),
            "bad_request_line");
  EXPECT_EQ(json.outcome(R"({"request":"\u0016","status":400})"), "bad_request_line");
  EXPECT_EQ(json.outcome(R"({"method":["GET"],"uri":"/a","status":200})"), "bad_field");
  EXPECT_EQ(json.outcome(with(R"("bytes_sent":[1])")), "bad_field");
  EXPECT_EQ(json.outcome(with("\"a\":\"" + std::string(1, '\0') + "\"")), "control_characters");
  EXPECT_EQ(json.outcome(std::string(kLineBytesMax + 1, ' ')), "too_long");
}

TEST(Json, LongLines) {
  FormatLines json("json");
  const std::string start = "{" + kRequest + R"(,"a":")";
  const std::string line = start + std::string(kLineBytesMax - start.size() - 2, '\xe9') + "\"}";
  EXPECT_EQ(line.size(), kLineBytesMax);
  EXPECT_EQ(json.event(line).target, "/a");  // three bytes for each that is no UTF-8
  EXPECT_EQ(json.event(with(R"("b":1)")).target, "/a");
}

TEST(Json, HalfLinesAreNoJson) {
  FormatLines json("json");
  const std::string line = with(R"("req":{"id":"a\"b"},"c":[1,2],"d":true)");
  for (std::size_t size = 1; size < line.size(); ++size) {
    EXPECT_EQ(json.outcome(line.substr(0, size)), "not_json") << line.substr(0, size);
  }
}

TEST(Json, AValueNeverComesFromTheLineBefore) {
  FormatLines json("json");
  EXPECT_EQ(json.event(with(R"("request_id":"a","request_time":1)")).request_id, "a");
  const AccessEvent event = json.event(with(R"("x":1)"));
  EXPECT_TRUE(event.request_id.empty());
  EXPECT_FALSE(event.duration_seconds);
  EXPECT_EQ(json.outcome("{"), "not_json");
  EXPECT_EQ(json.outcome("{}"), "no_request");
}

TEST(Json, NamesThatResembleThoseOfTheTable) {
  FormatLines json("json", {{"request_id", "a_name_of_more_than_sixteen_bytes"}});
  const auto id = [&json](const std::string& field) {
    return std::string(json.event(with(field)).request_id);
  };
  EXPECT_EQ(id(R"("a_name_of_more_than_sixteen_bytes":"yes")"), "yes");
  EXPECT_EQ(id(R"("a_name_oF_more_than_SIXteen_bytes":"no")"), "");
  EXPECT_EQ(
      json.event(with(R"("statuS":500,"statu":500,"status ":500,"":500,"status_":500)")).status,
      200);
}

}  // namespace
}  // namespace backstay::formats
