#include "receiver/intake/json_view.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace backstay::intake {
namespace {

using nlohmann::json;

json parse_json(std::string_view text) { return JsonView(text).copy(""); }

// The other library is the measure.
void expect_the_same(const std::string& text) {
  const json expected = json::parse(text, nullptr, false);
  const json found = parse_json(text);
  EXPECT_EQ(found.is_discarded(), expected.is_discarded()) << text;
  if (found.is_discarded() || expected.is_discarded()) return;
  EXPECT_EQ(found, expected) << text;
  EXPECT_EQ(found.dump(), expected.dump()) << text;
}

TEST(JsonView, MakesOfRealPayloadsWhatTheOtherLibraryMakes) {
  int seen = 0;
  const std::filesystem::path folder(BACKSTAY_SOURCE_DIR "/tests/unit/receiver/payloads/github");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    expect_the_same({std::istreambuf_iterator<char>(file), {}});
    ++seen;
  }
  EXPECT_GE(seen, 6);
}

TEST(JsonView, MakesOfSmallTextsWhatTheOtherLibraryMakes) {
  for (const char* text : {"{}", "[]", "null", "true", "\"a\"", "1", "-1", "0", "-0", "1.5", "1e3",
                           "1e-400", "18446744073709551615", "9223372036854775808",
                           "-9223372036854775808", R"({"a": {"b": [1, {"c": null}]}, "a": 2})",
                           R"("\u00e9\ud83d\ude00\n\"")", "[[[[]]]]", " { \"a\" : [ 1 , 2 ] } "}) {
    expect_the_same(text);
  }
}

TEST(JsonView, RefusesWhatTheOtherLibraryRefuses) {
  for (const char* text :
       {"",         " ",        "{",           "}",       "[1,]",  "{\"a\":1,}", "{'a':1}",
        "nul",      "01",       "1.",          "+1",      "NaN",   "1 2",        "{} x",
        "\"\x01\"", "\"\xff\"", "\"\\ud800\"", "{\"a\"}", "[1 2]", "/* */ {}"}) {
    expect_the_same(text);
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  }
  EXPECT_TRUE(parse_json(std::string_view()).is_discarded());
}

TEST(JsonView, RefusesWhatIsDeeperOrLargerThanItCanHold) {
  EXPECT_TRUE(parse_json(std::string(5000, '[') + std::string(5000, ']')).is_discarded());
  EXPECT_TRUE(parse_json("[123456789012345678901234567890]").is_discarded());
}

TEST(JsonView, ReadsWhatIsAtAPlace) {
  const JsonView view(R"({"a": {"text": "x", "n": -7, "most": 18446744073709551615, "yes": true,
                                "list": [{"b": 1}]}, "a/b": "y"})");
  EXPECT_TRUE(view.is_object());
  EXPECT_EQ(view.text("/a/text"), "x");
  EXPECT_EQ(view.integer("/a/n"), "-7");
  EXPECT_EQ(view.integer("/a/most"), "18446744073709551615");
  EXPECT_TRUE(view.is_true("/a/yes"));
  EXPECT_FALSE(view.copy("/a/list").is_discarded());
  EXPECT_EQ(view.copy("/a/list"), json::parse(R"([{"b": 1}])"));
}

TEST(JsonView, WhatIsNotThereOrIsOfAnotherKindIsEmpty) {
  const JsonView view(R"({"a": {"n": 1.5, "no": false, "null": null, "text": "1"}})");
  for (const char* place : {"/b", "/a/b", "/a/text/b", "/a/n/b", "/a/null/b", "/a/n", "/a/null"}) {
    EXPECT_EQ(view.text(place), "") << place;
    EXPECT_EQ(view.integer(place), "") << place;
    EXPECT_FALSE(view.is_true(place)) << place;
  }
  EXPECT_TRUE(view.copy("/a/b").is_discarded());
  EXPECT_FALSE(view.copy("/a/null").is_discarded());
  EXPECT_EQ(view.integer("/a/text"), "");
  EXPECT_FALSE(view.is_true("/a/no"));
  EXPECT_TRUE(view.copy("/b").is_discarded());
}

TEST(JsonView, OfANameThatIsThereTwiceTheLastCounts) {
  const JsonView view(R"({"a": {"b": "first"}, "c": 1, "a": {"b": "x", "b": "last"}})");
  EXPECT_EQ(view.text("/a/b"), "last");
  EXPECT_EQ(view.copy("/a"), json::parse(R"({"b": "last"})"));
}

TEST(JsonView, OfATextThatIsNoJsonNothingIsThere) {
  const JsonView view("{\"a\": \"x\"");
  EXPECT_FALSE(view.is_object());
  EXPECT_TRUE(view.copy("/a").is_discarded());
  EXPECT_EQ(view.text("/a"), "");
  EXPECT_FALSE(JsonView("[1]").is_object());
}

TEST(JsonView, ReadsAShortTextAfterALongOne) {
  const std::string longer = "\"" + std::string(100'000, 'x') + "\"";
  EXPECT_EQ(parse_json(longer).get<std::string>().size(), 100'000u);
  EXPECT_EQ(parse_json("[1]"), json::parse("[1]"));
  EXPECT_TRUE(parse_json("[1").is_discarded());
  EXPECT_EQ(parse_json("[2]"), json::parse("[2]")) << "also after one that it refused";
}

TEST(JsonView, OneDoesNotTakeAnothersText) {
  const JsonView outer(R"({"a": "outer", "list": [1, 2, 3]})");
  {
    const JsonView inner(R"({"a": "inner", "list": [4, 5]})");
    EXPECT_EQ(inner.text("/a"), "inner");
  }
  const JsonView last(R"({"a": "last"})");
  EXPECT_EQ(outer.text("/a"), "outer");
  EXPECT_EQ(outer.copy("/list"), json::parse("[1, 2, 3]"));
  EXPECT_EQ(last.text("/a"), "last");
}

}  // namespace
}  // namespace backstay::intake
