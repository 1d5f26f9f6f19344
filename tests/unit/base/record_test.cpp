#include "base/record.h"

#include <limits>

#include <gtest/gtest.h>

namespace backstay {
namespace {

std::string written() {
  RecordWriter writer;
  writer.number(0);
  writer.number(std::numeric_limits<std::uint64_t>::max());
  writer.real(-0.1);
  writer.text("a\0b\n");
  writer.text(std::string_view("a\0b", 3));
  return std::move(writer).take();
}

TEST(Record, WhatWasWrittenIsRead) {
  const std::string record = written();
  RecordReader reader(record);
  EXPECT_EQ(reader.number(), 0U);
  EXPECT_EQ(reader.number(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.real(), -0.1);
  EXPECT_EQ(reader.text(), "a");
  EXPECT_EQ(reader.text(), std::string_view("a\0b", 3));
  EXPECT_TRUE(reader.is_good());
  EXPECT_TRUE(reader.is_at_end());
}

TEST(Record, OneThatIsCutOffAnywhereIsNoticed) {
  const std::string record = written();
  for (std::size_t size = 0; size < record.size(); ++size) {
    RecordReader reader(std::string_view(record).substr(0, size));
    reader.number();
    reader.number();
    reader.real();
    reader.text();
    reader.text();
    EXPECT_FALSE(reader.is_good()) << size;
  }
}

TEST(Record, ACountIsNotBelievedWithoutRoomForIt) {
  RecordWriter writer;
  writer.number(3);
  writer.number(1);
  writer.number(2);
  const std::string record = std::move(writer).take();
  RecordReader reader(record);
  EXPECT_EQ(reader.count(8), 0U);
  EXPECT_FALSE(reader.is_good());
  RecordReader smaller(record);
  EXPECT_EQ(smaller.count(5), 3U);
  EXPECT_TRUE(smaller.is_good());
}

}  // namespace
}  // namespace backstay
