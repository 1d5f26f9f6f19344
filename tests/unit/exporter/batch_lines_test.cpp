#include "exporter/sources/batch_lines.h"

#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace backstay::sources {
namespace {

using Lines = std::vector<std::string>;
constexpr const char* kTooLong = "(too long)";
constexpr const char* kRefused = "(refused)";

struct Written final : LineTaker {
  void take(std::string_view line) override {
    lines.emplace_back(line);
    // A sanitizer would see what cannot be read.
    for (std::size_t i = 0; i < formats::kReadableBeyond; ++i)
      beyond ^= line.data()[line.size() + i];
  }
  void take_too_long() override { lines.emplace_back(kTooLong); }

  Lines lines;
  char beyond = 0;
};

// A piece as it comes from the network or from zlib: in memory of its own.
bool feed(BatchLines& lines, std::string_view bytes) {
  std::vector<char> memory(bytes.begin(), bytes.end());
  memory.resize(bytes.size() + formats::kReadableBeyond, '!');
  return lines.feed({memory.data(), bytes.size()});
}

Lines split(BatchLines& lines, Written& written, const std::vector<std::string_view>& pieces) {
  written.lines.clear();
  lines.start();
  for (const std::string_view piece : pieces) {
    if (!feed(lines, piece)) return {kRefused};
  }
  return lines.finish() ? written.lines : Lines{kRefused};
}

Lines lines_of(std::string_view body) {
  Written written;
  BatchLines lines(written);
  return split(lines, written, {body});
}

TEST(BatchLines, LinesEndAtNewlines) {
  EXPECT_EQ(lines_of("{\"a\":1}\n{\"b\":2}\n"), (Lines{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_EQ(lines_of("{\"a\":1}\r\n{\"b\":2}\r\n"), (Lines{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_EQ(lines_of("GET / 200\nGET /a 200\n"), (Lines{"GET / 200", "GET /a 200"}));
}

TEST(BatchLines, TheLastLineNeedsNoNewline) {
  EXPECT_EQ(lines_of("{\"a\":1}\n{\"b\":2}"), (Lines{"{\"a\":1}", "{\"b\":2}"}));
}

TEST(BatchLines, EmptyLinesAreNothing) {
  EXPECT_EQ(lines_of("\n \r\n{\"a\":1}\n\n  \n{\"b\":2}\n\n"), (Lines{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of(" \n\t\r\n"), Lines{});
}

TEST(BatchLines, AnArraysElementsAreLines) {
  const Lines two{"{\"a\":1}", "{\"b\":2}"};
  EXPECT_EQ(lines_of("[{\"a\":1},{\"b\":2}]"), two);
  EXPECT_EQ(lines_of(" \n[ {\"a\":1} ,\n\t{\"b\":2}\r\n] \n"), two);
  EXPECT_EQ(lines_of("[]"), Lines{});
  EXPECT_EQ(lines_of("[ ]\n"), Lines{});
}

TEST(BatchLines, WhatIsInsideAnElementDoesNotEndIt) {
  const Lines one{"{\n\"a\": [1, {\"b\": []}],\n\"c\": \"}],{\\\"[\\\\\"\n}"};
  EXPECT_EQ(lines_of("[" + one[0] + "]"), one);
  EXPECT_EQ(lines_of("[" + one[0] + "," + one[0] + "]"), (Lines{one[0], one[0]}));
}

// That they are no objects the parser says.
TEST(BatchLines, ElementsMayBeAnything) {
  EXPECT_EQ(lines_of("[1, \"a,]\" , [2,3], null]"), (Lines{"1", "\"a,]\"", "[2,3]", "null"}));
}

TEST(BatchLines, AnArrayThatDoesNotEndIsRefused) {
  for (const char* body :
       {"[", "[{\"a\":1}", "[{\"a\":1},", "[{\"a\":1", "[{\"a\":\"]", "[{\"a\":1}}"}) {
    EXPECT_EQ(lines_of(body), Lines{kRefused}) << body;
  }
}

TEST(BatchLines, WhatIsNoArrayIsRefused) {
  for (const char* body : {"[{}]{}", "[{}][{}]", "[{}{}]", "[{} {}]", "[,{}]", "[{},,{}]"}) {
    EXPECT_EQ(lines_of(body), Lines{kRefused}) << body;
  }
}

TEST(BatchLines, AnOverlongLineIsSkippedAndTheOthersAreThere) {
  const std::string longest(formats::kLineBytesMax, 'a');
  for (const std::string& too_long : {longest + "a", longest + "a\r", longest + longest}) {
    EXPECT_EQ(lines_of("x\n" + too_long + "\n" + longest + "\r\ny\n"),
              (Lines{"x", kTooLong, longest, "y"}));
    EXPECT_EQ(lines_of("x\n" + too_long), (Lines{"x", kTooLong}));
    EXPECT_EQ(lines_of("[1,\"" + too_long + "\",2]"), (Lines{"1", kTooLong, "2"}));
  }
}

// However the network and zlib cut it.
TEST(BatchLines, AnySplitGivesTheSameLines) {
  std::mt19937 chance(42);
  const std::string too_long(formats::kLineBytesMax + 1, 'x');
  const std::vector<std::string> bodies{
      "\n{\"a\":\"\\\\\\\"\"}\r\n\n{\"b\":\"[]\"}\n{\"c\":1}",
      " [{\"a\":\"\\\\\\\"},\"} , \n{\"b\":[1,{}]},\"s\\\"\", 1 , [[],[]]\r\n] ",
      "[{\"a\":1},{\"b\":2",
      "[{\"a\":1}{\"b\":2}]",
      "a\n" + too_long + "\nb\n" + too_long.substr(1) + "\r\nc",
      "[1,\"" + too_long + "\",\n2]",
  };
  Written written;
  BatchLines lines(written);
  for (const std::string& body : bodies) {
    const Lines expected = lines_of(body);
    for (int round = 0; round < 300; ++round) {
      const std::size_t most = round % 3 == 0 ? 1 + body.size() / 40 : 1 + body.size() / 3;
      std::vector<std::string_view> pieces;
      for (std::size_t at = 0; at < body.size(); at += pieces.back().size()) {
        pieces.push_back(std::string_view(body).substr(at, chance() % (most + 1)));
      }
      ASSERT_EQ(split(lines, written, pieces), expected) << body.substr(0, 80);
    }
  }
}

}  // namespace
}  // namespace backstay::sources
