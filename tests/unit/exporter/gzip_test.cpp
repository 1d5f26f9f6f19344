#include "exporter/web/gzip.h"

#include <random>

#include <gtest/gtest.h>
#include <zlib.h>

namespace backstay::web {
namespace {

std::string gunzip(const std::string& packed, std::size_t size) {
  std::string text(size + 1, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);  // gzip alone
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int ended = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  const bool is_whole = ended == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return is_whole ? text : "damaged";
}

TEST(Gzip, UnpacksToTheSame) {
  std::mt19937 chance(42);
  for (std::size_t size : {0UL, 1UL, 65'535UL, 65'536UL, 65'537UL, 131'072UL, 1'000'003UL}) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>(chance());  // becomes no smaller
    EXPECT_TRUE(gunzip(gzip(text), size) == text) << size;
  }
}

TEST(Gzip, MakesMetricsSmall) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a_total{n=\"" + std::to_string(i) + "\"} 1\n";
  const std::string packed = gzip(text);
  EXPECT_LT(packed.size(), text.size() / 4);
  EXPECT_TRUE(gunzip(packed, text.size()) == text);
}

}  // namespace
}  // namespace backstay::web
