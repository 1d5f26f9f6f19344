#include "exporter/sources/inflate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "exporter/formats/parser.h"
#include "tests/unit/exporter/packed.h"

namespace backstay::sources {
namespace {

using Outcome = Inflate::Outcome;
using Expected = Inflate::Expected;
using test::packed;

constexpr std::size_t kMegabyte = 1024 * 1024;

struct Unpacked {
  Outcome outcome = Outcome::going_on;
  std::string text;
};

Unpacked unpack(Inflate& inflate, const std::string& bytes, std::size_t piece_bytes,
                Expected expected = Expected::anything) {
  Unpacked unpacked;
  char beyond = 0;
  const auto sink = [&](std::string_view piece) {
    unpacked.text += piece;
    for (std::size_t i = 0; i < formats::kReadableBeyond; ++i)
      beyond ^= piece.data()[piece.size() + i];
    return true;
  };
  inflate.start(expected);
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const std::string piece = bytes.substr(at, piece_bytes);
    std::vector<char> memory(piece.begin(), piece.end());
    memory.resize(piece.size() + formats::kReadableBeyond);
    unpacked.outcome = inflate.feed({memory.data(), piece.size()}, sink);
    if (unpacked.outcome != Outcome::going_on) return unpacked;
  }
  unpacked.outcome = inflate.finish();
  return unpacked;
}

Unpacked unpack(const std::string& bytes, Expected expected = Expected::anything) {
  Inflate inflate(100 * kMegabyte);
  return unpack(inflate, bytes, 64 * 1024, expected);
}

// A log, more or less.
std::string text_of(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    text += "{\"path\":\"/api/" + std::to_string(i * 7919) + "\",\"status\":200}\n";
  }
  return text;
}

TEST(Inflate, PlainBytesPass) {
  const Unpacked plain = unpack("{\"a\":1}\n");
  EXPECT_EQ(plain.text, "{\"a\":1}\n");
  EXPECT_EQ(plain.outcome, Outcome::going_on);
  EXPECT_EQ(unpack("").outcome, Outcome::going_on);
}

TEST(Inflate, GzipIsSeenByItsFirstByte) {
  const std::string text = text_of(10'000);
  for (const Expected expected : {Expected::anything, Expected::gzip}) {
    const Unpacked unpacked = unpack(packed(text), expected);
    EXPECT_EQ(unpacked.outcome, Outcome::going_on);
    EXPECT_TRUE(unpacked.text == text);
  }
}

TEST(Inflate, PiecesOfAnySizeComeToTheSame) {
  const std::string text = text_of(20'000);
  const std::string bytes = packed(text);
  Inflate inflate(100 * kMegabyte);
  for (const std::size_t piece_bytes : {1UL, 7UL, 1000UL, bytes.size() - 1, bytes.size()}) {
    const Unpacked unpacked = unpack(inflate, bytes, piece_bytes);
    EXPECT_EQ(unpacked.outcome, Outcome::going_on) << piece_bytes;
    EXPECT_TRUE(unpacked.text == text) << piece_bytes;
    EXPECT_EQ(inflate.bytes(), text.size());
  }
}

TEST(Inflate, SeveralMembersAreOneText) {
  const std::string bytes = packed("one\n") + packed("") + packed("two\n") + packed(text_of(5000));
  Inflate inflate(100 * kMegabyte);
  for (const std::size_t piece_bytes : {1UL, 13UL, 100'000UL}) {
    EXPECT_TRUE(unpack(inflate, bytes, piece_bytes).text == "one\ntwo\n" + text_of(5000));
  }
}

TEST(Inflate, CutOffIsDamaged) {
  const std::string bytes = packed("one\n") + packed("two\n");
  Inflate inflate(kMegabyte);
  const std::size_t first_member = packed("one\n").size();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const Outcome expected = size == first_member ? Outcome::going_on : Outcome::damaged;
    EXPECT_EQ(unpack(inflate, bytes.substr(0, size), 1000).outcome, expected) << size;
  }
}

TEST(Inflate, AWrongByteIsDamaged) {
  const std::string text = text_of(1000);
  const std::string whole = packed(text);
  Inflate inflate(kMegabyte);
  for (std::size_t at = 0; at < whole.size(); at += 97) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    const Unpacked unpacked = unpack(inflate, bytes, 1000);
    // Where it stands in the head without meaning, or is no gzip any more.
    EXPECT_TRUE(unpacked.outcome == Outcome::damaged || unpacked.text == text || at == 0) << at;
  }
  EXPECT_EQ(unpack(whole + "more").outcome, Outcome::damaged);
}

TEST(Inflate, WhatShouldBeGzipAndIsNotIsDamaged) {
  EXPECT_EQ(unpack("{\"a\":1}\n", Expected::gzip).outcome, Outcome::damaged);
  EXPECT_EQ(unpack("", Expected::gzip).outcome, Outcome::damaged);
}

TEST(Inflate, StopsAtItsLimit) {
  const std::string text = text_of(30'000);
  Inflate inflate(text.size() - 1);
  for (const std::string& bytes : {packed(text), text}) {
    const Unpacked unpacked = unpack(inflate, bytes, 1000);
    EXPECT_EQ(unpacked.outcome, Outcome::too_large);
    EXPECT_LT(unpacked.text.size(), text.size());
  }
  Inflate enough(text.size());
  EXPECT_EQ(unpack(enough, packed(text), 1000).outcome, Outcome::going_on);
}

TEST(Inflate, ABombIsStoppedOnItsWay) {
  const std::string bomb = packed(std::string(40 * kMegabyte, ' '), 9);
  Inflate inflate(1024 * kMegabyte);
  const Unpacked unpacked = unpack(inflate, bomb, bomb.size());
  EXPECT_EQ(unpacked.outcome, Outcome::too_large);
  EXPECT_LT(unpacked.text.size(), 30 * kMegabyte);
}

TEST(Inflate, ALogOfOneLineIsNoBomb) {
  std::string text;
  while (text.size() < 20 * kMegabyte) text += text_of(1);
  EXPECT_EQ(unpack(packed(text)).outcome, Outcome::going_on);
}

TEST(Inflate, TheSinkCanRefuse) {
  Inflate inflate(kMegabyte);
  const auto never = [](std::string_view) { return false; };
  for (const std::string& body : {std::string("one\n"), packed("one\n")}) {
    const std::string bytes = body + std::string(formats::kReadableBeyond, ' ');
    inflate.start(Expected::anything);
    EXPECT_EQ(inflate.feed(std::string_view(bytes).substr(0, body.size()), never),
              Outcome::refused);
  }
}

}  // namespace
}  // namespace backstay::sources
