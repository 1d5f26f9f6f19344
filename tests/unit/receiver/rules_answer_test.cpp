#include "receiver/policy/rules_answer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace backstay {
namespace {

using nlohmann::json;

// What is not taken out is as the library itself reads it.
void expect_kept(const std::string& text) {
  EXPECT_EQ(parse_rules_answer(text, "Ours").dump(), json::parse(text).dump());
}

TEST(RulesAnswer, OnlyRulesOfAnotherNameAreLeftOut) {
  EXPECT_EQ(parse_rules_answer(R"({"data": {"groups": [{"name": "first", "rules": [
                {"name": "Other", "alerts": [{"labels": {"a": "b"}}]}, {"name": "Ours", "alerts": []},
                {"alerts": [], "name": "Other"}, {"alerts": []}]}, {"rules": [{"name": "Ours"}]}]}})",
                               "Ours"),
            json::parse(R"({"data": {"groups": [{"name": "first", "rules": [
                {"name": "Ours", "alerts": []}]}, {"rules": [{"name": "Ours"}]}]}})"));
}

TEST(RulesAnswer, WhatIsElsewhereStays) {
  expect_kept(
      R"({"data": {"groups": [{"rules": [{"name": "Ours", "labels": {"alerts": "", "name": "b"},
                  "alerts": [{"labels": {"alerts": "x", "name": "Other"}}]}]}]}})");
  expect_kept(R"({"data": {"groups": [{"other": [{"name": "Other", "alerts": []}]}]}})");
  expect_kept(R"({"data": {"groups": [{"rules": {"": {"name": "Other", "alerts": []}}}]}})");
  expect_kept(R"({"data": {"groups": [{"rules": [5, [{"name": "Other"}]]}]}})");
  expect_kept(R"([[[[[{"name": "Other"}]]]]])");
}

TEST(RulesAnswer, ValuesOfAllKindsAreRead) {
  for (const char* text : {"1", "-1", "1.5", "true", "null", R"("\u00e9")", "[]", "{}",
                           R"({"a": [1, {"b": [[], {}]}, -2.5e3], "c": null, "a": "last"})"}) {
    expect_kept(text);
  }
}

TEST(RulesAnswer, WhatIsNoJsonOrTooDeepIsDiscarded) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  for (const std::string& text : {std::string(), std::string("{"), std::string("[] x"), deep}) {
    EXPECT_TRUE(parse_rules_answer(text, "Ours").is_discarded()) << text;
  }
  expect_kept(std::string(64, '[') + std::string(64, ']'));
}

}  // namespace
}  // namespace backstay
