#include "receiver/intake/parse_json.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace backstay::intake {
namespace {

using nlohmann::json;

// The other library is the measure.
void expect_the_same(const std::string& text) {
  const json expected = json::parse(text, nullptr, false);
  const json found = parse_json(text);
  EXPECT_EQ(found.is_discarded(), expected.is_discarded()) << text;
  if (found.is_discarded() || expected.is_discarded()) return;
  EXPECT_EQ(found, expected) << text;
  EXPECT_EQ(found.dump(), expected.dump()) << text;
}

TEST(ParseJson, MakesOfRealPayloadsWhatTheOtherLibraryMakes) {
  int seen = 0;
  const std::filesystem::path folder(BACKSTAY_SOURCE_DIR "/tests/unit/receiver/payloads/github");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    expect_the_same({std::istreambuf_iterator<char>(file), {}});
    ++seen;
  }
  EXPECT_GE(seen, 6);
}

TEST(ParseJson, MakesOfSmallTextsWhatTheOtherLibraryMakes) {
  for (const char* text : {"{}", "[]", "null", "true", "\"a\"", "1", "-1", "0", "-0", "1.5", "1e3",
                           "1e-400", "18446744073709551615", "9223372036854775808",
                           "-9223372036854775808", R"({"a": {"b": [1, {"c": null}]}, "a": 2})",
                           R"("\u00e9\ud83d\ude00\n\"")", "[[[[]]]]", " { \"a\" : [ 1 , 2 ] } "}) {
    expect_the_same(text);
  }
}

TEST(ParseJson, RefusesWhatTheOtherLibraryRefuses) {
  for (const char* text :
       {"",         " ",        "{",           "}",       "[1,]",  "{\"a\":1,}", "{'a':1}",
        "nul",      "01",       "1.",          "+1",      "NaN",   "1 2",        "{} x",
        "\"\x01\"", "\"\xff\"", "\"\\ud800\"", "{\"a\"}", "[1 2]", "/* */ {}"}) {
    expect_the_same(text);
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  }
  EXPECT_TRUE(parse_json(std::string_view()).is_discarded());
}

TEST(ParseJson, RefusesWhatIsDeeperOrLargerThanItCanHold) {
  EXPECT_TRUE(parse_json(std::string(5000, '[') + std::string(5000, ']')).is_discarded());
  EXPECT_TRUE(parse_json("[123456789012345678901234567890]").is_discarded());
}

TEST(ParseJson, LeavesOutWhatIsOfNoUseAtAnyDepth) {
  const auto is_of_no_use = [](std::string_view name) { return name == "x"; };
  EXPECT_EQ(parse_json(R"({"x": 1, "a": [{"x": {"a": 1}, "b": "x"}]})", is_of_no_use),
            json::parse(R"({"a": [{"b": "x"}]})"));
}

TEST(ParseJson, ReadsAShortTextAfterALongOne) {
  const std::string longer = "\"" + std::string(100'000, 'x') + "\"";
  EXPECT_EQ(parse_json(longer).get<std::string>().size(), 100'000u);
  EXPECT_EQ(parse_json("[1]"), json::parse("[1]"));
  EXPECT_TRUE(parse_json("[1").is_discarded());
  EXPECT_EQ(parse_json("[2]"), json::parse("[2]")) << "also after one that it refused";
}

}  // namespace
}  // namespace backstay::intake
