#include "receiver/policy/condition_query.h"

#include <gtest/gtest.h>

#include "tests/scripted_http.h"

namespace backstay {
namespace {

struct ConditionQueryTest : ::testing::Test {
  ConditionFacts ask(const std::string& query = "hour() >= 6") {
    return ask_condition(http, "http://prometheus", query);
  }
  ConditionFacts answered(int status, const std::string& body) {
    http = test::ScriptedHttp();
    http.answer("/api/v1/query", status, body);
    return ask();
  }
  ConditionFacts resulting(const std::string& type, const std::string& result) {
    return answered(200, R"({"status": "success", "data": {"resultType": ")" + type +
                             R"(", "result": )" + result + "}}");
  }
  void expect_met(const std::string& type, const std::string& result) {
    const ConditionFacts facts = resulting(type, result);
    EXPECT_TRUE(facts.known) << facts.problem;
    EXPECT_TRUE(facts.met) << result;
  }
  void expect_not_met(const std::string& type, const std::string& result) {
    const ConditionFacts facts = resulting(type, result);
    EXPECT_TRUE(facts.known) << facts.problem;
    EXPECT_FALSE(facts.met) << result;
  }
  static void expect_unknown(const ConditionFacts& facts, const std::string& problem) {
    EXPECT_FALSE(facts.known);
    EXPECT_FALSE(facts.met);
    EXPECT_EQ(facts.problem, problem);
  }
  test::ScriptedHttp http;
};

TEST_F(ConditionQueryTest, IsSentAsItIsWritten) {
  http.answer("/api/v1/query", 200, "");
  const std::string query = R"(rate(a{b="c&d"}[5m]) + 1 > 50%)";
  EXPECT_EQ(ask(query).query, query);
  const HttpRequest& sent = http.requests.back();
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "http://prometheus/api/v1/query");
  EXPECT_EQ(sent.body, "query=rate%28a%7Bb%3D%22c%26d%22%7D%5B5m%5D%29%20%2B%201%20%3E%2050%25");
  ASSERT_EQ(sent.headers.size(), 1u);
  EXPECT_EQ(sent.headers[0].second, "application/x-www-form-urlencoded");
}

TEST_F(ConditionQueryTest, AnySampleIsAResultWhateverItsValue) {
  expect_met("vector", R"([{"metric": {}, "value": [1764288000, "1"]}])");
  expect_met("vector", R"([{"metric": {"a": "b"}, "value": [1764288000, "0"]}])");
  expect_met("vector", R"([{"metric": {}, "value": [1764288000, "NaN"]}])");
  expect_met("vector", R"([{"metric": {}, "histogram": [1764288000, {}]}])");
  expect_met("matrix", R"([{"metric": {}, "values": []},
                           {"metric": {}, "values": [[1764288000, "1"]]}])");
  expect_met("matrix", R"([{"metric": {}, "histograms": [[1764288000, {}]]}])");
}

TEST_F(ConditionQueryTest, WithoutASampleItIsNotMet) {
  expect_not_met("vector", "[]");
  expect_not_met("matrix", "[]");
  expect_not_met("matrix", R"([{"metric": {}, "values": []}])");
}

TEST_F(ConditionQueryTest, WhatAlwaysHasAValueSaysNothing) {
  expect_unknown(resulting("scalar", R"([1764288000, "6"])"),
                 "it is a scalar, which always has a value: only a vector can have no result, as "
                 "that of vector(time()) > 0");
  expect_unknown(resulting("string", R"([1764288000, "up"])"),
                 "it is a string, which always has a value: only a vector can have no result, as "
                 "that of vector(time()) > 0");
}

TEST_F(ConditionQueryTest, WhereTheQueryIsToBlameItHelpsNothingToAskAgain) {
  EXPECT_TRUE(resulting("scalar", R"([1764288000, "6"])").is_hopeless);
  EXPECT_TRUE(answered(400, "").is_hopeless);
  EXPECT_TRUE(answered(422, "").is_hopeless);
  EXPECT_FALSE(answered(503, "").is_hopeless);
  EXPECT_FALSE(answered(200, "").is_hopeless);
}

TEST_F(ConditionQueryTest, WithoutAnAnswerItIsNotKnown) {
  expect_unknown(ask(), "connection refused");
  expect_unknown(answered(503, "<html>"), "Prometheus answers 503");
  expect_unknown(answered(200, std::string(4 * 1024 * 1024 + 1, ' ')),
                 "the answer is larger than 4194304 bytes");
}

TEST_F(ConditionQueryTest, PrometheusSaysWhatIsWrongWithIt) {
  expect_unknown(answered(400, R"({"status": "error", "errorType": "bad_data",
                                   "error": "parse error: unclosed left parenthesis"})"),
                 "Prometheus answers 400: parse error: unclosed left parenthesis");
  expect_unknown(answered(422, R"({"error": ")" + std::string(301, 'x') + R"("})"),
                 "Prometheus answers 422: " + std::string(300, 'x') + "…");
  expect_unknown(answered(422, R"({"error": 5})"), "Prometheus answers 422");
}

TEST_F(ConditionQueryTest, GarbageIsNotKnown) {
  const std::string problem = "Prometheus' answer is not what its API promises";
  for (const char* body : {"", "{", "[]", R"({"status": "success"})",
                           R"({"status": "success", "data": {"result": [1]}})"}) {
    expect_unknown(answered(200, body), problem);
  }
  for (const char* result : {"5", "null", "{}", "[5]", "[[]]", R"([{"value": [0, "1"]}])"}) {
    expect_unknown(resulting("vector", result), problem);
    expect_unknown(resulting("matrix", result), problem);
  }
  expect_unknown(resulting("tensor", "[]"), problem);
  expect_unknown(answered(200, std::string(100'000, '[')), problem);
  expect_unknown(answered(200, R"({"status": "error", "data": {"resultType": "vector",
                                   "result": [{"metric": {}, "value": [0, "1"]}]}})"),
                 "Prometheus' answer is no success");
}

}  // namespace
}  // namespace backstay
