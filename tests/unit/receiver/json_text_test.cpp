#include "receiver/json_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace backstay {
namespace {

using nlohmann::json;

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return std::string(count, '[') + std::string(count, ']');
}

std::string nested_objects(int depth) {
  std::string text = "1";
  for (int i = 0; i < depth; ++i) text = R"({"a":)" + text + "}";
  return text;
}

std::string why(const std::string& text) {
  const auto parsed = parse_json_or_why(text);
  return parsed ? "none" : parsed.error().message;
}

TEST(JsonText, WhatIsNestedTooDeeplyIsNoJson) {
  EXPECT_TRUE(parse_json(nested(kJsonDepthMax)).is_array());
  EXPECT_TRUE(parse_json(nested(kJsonDepthMax + 1)).is_discarded());
  EXPECT_TRUE(parse_json(nested_objects(kJsonDepthMax)).is_object());
  EXPECT_TRUE(parse_json(nested_objects(kJsonDepthMax + 1)).is_discarded());
  EXPECT_TRUE(parse_json(nested(500'000)).is_discarded());
  EXPECT_TRUE(parse_json(std::string(1'000'000, '[')).is_discarded()) << "also without an end";
}

TEST(JsonText, NothingIsThinned) {
  EXPECT_TRUE(parse_json(R"({"safe": true, "x": )" + nested(kJsonDepthMax) + "}").is_discarded());
}

TEST(JsonText, BracketsInATextAndBesideOneAnotherAreNotDeep) {
  const std::string brackets(1000, '[');
  EXPECT_EQ(parse_json("[\"" + brackets + "\"]"), json::array({brackets}));
  EXPECT_EQ(parse_json(R"(["\"\\\"[)" + brackets + R"("])"), json::array({R"("\"[)" + brackets}));
  EXPECT_EQ(parse_json(R"({"\\": [], "[": {}})"),
            (json{{"\\", json::array()}, {"[", json::object()}}));
  std::string beside = "[]";
  for (int i = 0; i < 1000; ++i) beside += ",[]";
  EXPECT_EQ(parse_json("[" + beside + "]").size(), 1001U);
}

TEST(JsonText, BracketsBehindATextAreSeen) {
  EXPECT_TRUE(parse_json(R"(["\\",)" + nested(kJsonDepthMax) + "]").is_discarded());
}

TEST(JsonText, WhatIsNoJsonIsDiscarded) {
  for (const char* text : {"", "{", "]", "[]]", "\"", "\"\\", "[1,]", "// []", "\xff"}) {
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
    EXPECT_NE(why(text), "none") << text;
  }
}

TEST(JsonText, PeopleAreToldWhy) {
  EXPECT_EQ(why("[]"), "none");
  EXPECT_NE(why("{\n1}").find("line 2, column 1"), std::string::npos) << why("{\n1}");
  EXPECT_EQ(why(nested(100'000)), "lists and objects are nested deeper than 64");
}

}  // namespace
}  // namespace backstay
