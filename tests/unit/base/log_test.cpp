#include "base/log.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace backstay {
namespace {

using nlohmann::json;
using namespace std::string_literals;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { log::configure(log::Level::info, log::Format::logfmt); }

  // What is written on standard error meanwhile.
  template <class Write>
  static std::string captured(Write write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
  // The same line without its time.
  template <class Write>
  static std::string line(Write write) {
    const std::string text = captured(write);
    EXPECT_EQ(text.substr(0, 3), "ts=");
    EXPECT_TRUE(parse_rfc3339(text.substr(3, text.find(' ') - 3))) << text;
    return text.substr(text.find(' ') + 1);
  }
};

TEST_F(LogTest, IsOneLineOfLogfmt) {
  EXPECT_EQ(line([]() {
              log::info("listening", {{"address", "127.0.0.1:9878"},
                                      {"attempts", 3},
                                      {"bytes", std::size_t{18446744073709551615U}},
                                      {"file", std::string("a file")},
                                      {"nothing", ""}});
            }),
            "level=info msg=listening address=127.0.0.1:9878 attempts=3 "
            "bytes=18446744073709551615 file=\"a file\" nothing=\"\"\n");
}

TEST_F(LogTest, QuotesWhatALogfmtReaderWouldTakeApart) {
  EXPECT_EQ(line([]() {
              log::info("two words", {{"a", "x=y"}, {"b", "say \"hi\""}, {"c", "C:\\dir"}});
            }),
            R"(level=info msg="two words" a="x=y" b="say \"hi\"" c="C:\\dir")"
            "\n");
  EXPECT_EQ(line([]() {
              log::info("{} %s {0}", {{"release", "日本"}});
            }),
            "level=info msg=\"{} %s {0}\" release=日本\n");
}

// A release's name or a program's words must not be able to forge a line, or to steer a terminal.
TEST_F(LogTest, ControlCharactersCannotBeginANewLine) {
  const std::string evil =
      "a\nts=2026 level=error\r\x1b[2J\x00\x7f\xc2\x9b"
      "2J\xc2\x85z"s;
  for (const auto format : {log::Format::logfmt, log::Format::json}) {
    log::configure(log::Level::info, format);
    const std::string text = captured([&]() {
      log::info(evil, {{"release", evil}, {"k", "\x1b"}, {"nel", "\xc2\x85"}});
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_EQ(text.back(), '\n');
    for (const char c : text.substr(0, text.size() - 1)) {
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f') << text;
    }
    EXPECT_EQ(text.find('\xc2'), std::string::npos) << text;
    EXPECT_NE(text.find(R"(a\u000ats=2026 level=error\u000d\u001b[2J\u0000\u007f\u009b2J\u0085z)"),
              std::string::npos)
        << text;
  }
}

TEST_F(LogTest, JsonIsJson) {
  log::configure(log::Level::info, log::Format::json);
  const std::string odd =
      "a\"b\\c\nd\te\x01"
      "f{}日";
  const std::string text = captured([&]() { log::warn("m", {{"odd", odd}, {"n", -5}}); });
  const json parsed = json::parse(text);
  EXPECT_EQ(parsed.at("level"), "warn");
  EXPECT_EQ(parsed.at("msg"), "m");
  EXPECT_EQ(parsed.at("odd"), odd);
  EXPECT_EQ(parsed.at("n"), "-5");
  EXPECT_TRUE(parse_rfc3339(parsed.at("ts").get<std::string>()));
  EXPECT_EQ(parsed.size(), 5U);
}

// Programs and servers write in other encodings: Latin-1, or a character that was cut in two.
TEST_F(LogTest, IsUtf8WhateverItIsGiven) {
  log::configure(log::Level::info, log::Format::json);
  const json parsed = json::parse(captured([]() {
    log::info("m", {{"said", "gr\xfcn"}, {"cut", "\xe6\x97"}});
  }));
  EXPECT_EQ(parsed.at("said"), "gr\uFFFDn");
  EXPECT_EQ(parsed.at("cut"), "\uFFFD\uFFFD");
  log::configure(log::Level::info, log::Format::logfmt);
  EXPECT_EQ(line([]() {
              log::info("m", {{"said", "gr\xfcn"}});
            }),
            "level=info msg=m said=gr\uFFFDn\n");
}

TEST_F(LogTest, ShowsFromItsLevelUpwards) {
  const auto write_all = []() {
    log::debug("d");
    log::info("i");
    log::warn("w");
    log::error("e");
  };
  const auto levels_seen = [&](log::Level level) {
    log::configure(level, log::Format::logfmt);
    const std::string text = captured(write_all);
    std::string seen;
    for (const char* word : {"debug", "info", "warn", "error"}) {
      if (text.find(std::string("level=") + word) != std::string::npos) seen += word[0];
    }
    return seen;
  };
  EXPECT_EQ(levels_seen(log::Level::debug), "diwe");
  EXPECT_EQ(levels_seen(log::Level::info), "iwe");
  EXPECT_EQ(levels_seen(log::Level::warn), "we");
  EXPECT_EQ(levels_seen(log::Level::error), "e");
}

TEST_F(LogTest, KnowsTheWordsOfTheFlags) {
  EXPECT_EQ(log::parse_level("debug"), log::Level::debug);
  EXPECT_EQ(log::parse_level("info"), log::Level::info);
  EXPECT_EQ(log::parse_level("warn"), log::Level::warn);
  EXPECT_EQ(log::parse_level("error"), log::Level::error);
  EXPECT_EQ(log::parse_level("loud"), log::Level::info);
  EXPECT_EQ(log::parse_format("json"), log::Format::json);
  EXPECT_EQ(log::parse_format("logfmt"), log::Format::logfmt);
  EXPECT_EQ(log::parse_format("xml"), log::Format::logfmt);
}

}  // namespace
}  // namespace backstay
