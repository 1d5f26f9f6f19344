#include "base/utf8.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace backstay {
namespace {

using namespace std::string_literals;

TEST(Utf8, WellFormedTextIsLeftAlone) {
  for (const std::string& text :
       {""s, "plain"s, "a\0b"s, "\x7f\n"s, "grün"s, "日本"s, "\xf0\x9f\x9a\x80"s, "\xc2\x80"s,
        "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xef\xbf\xbf"s,
        "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
    EXPECT_EQ(valid_utf8(text), text);
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
}

TEST(Utf8, EachByteThatFitsNothingIsReplaced) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"gr\xfcn", "gr\uFFFDn"},                          // Latin-1
      {"\x80", "\uFFFD"},                                // continues nothing
      {"\xc0\xaf", "\uFFFD\uFFFD"},                      // overlong
      {"\xc1\xbf", "\uFFFD\uFFFD"},                      // overlong
      {"\xe0\x9f\xbf", "\uFFFD\uFFFD\uFFFD"},            // overlong
      {"\xf0\x8f\xbf\xbf", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // overlong
      {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},            // a surrogate
      {"\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // above U+10FFFF
      {"\xf5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // above U+10FFFF
      {"cut \xe6\x97", "cut \uFFFD\uFFFD"},              // cut off
      {"\xc3(", "\uFFFD("},                              // what follows is kept
      {"\xff\xfe"
       "ok",
       "\uFFFD\uFFFDok"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(valid_utf8(text), wanted);
    EXPECT_FALSE(is_valid_utf8(text)) << wanted;
  }
}

TEST(Utf8, OfPrintableTextATerminalObeysNothing) {
  EXPECT_EQ(printable("a\n\x1b[31m\x7f\u009b2J\xff\\ ü 🌍"),
            "a\\u000a\\u001b[31m\\u007f\\u009b2J\uFFFD\\ ü 🌍");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace backstay
