#include "exporter/sources/file_place.h"

#include <gtest/gtest.h>

namespace backstay::sources {
namespace {

TEST(FilePlace, ComesBackFromARecordAsItWas) {
  FilePlace one{"/l/a.log", 1, 2, 0, 0, 5, true, false};
  extend_head(one, "first");
  const std::vector<FilePlace> places{one, {"/l/b.log", 6, 7, 0, 0, 0, false, true}};
  RecordWriter writer;
  save(places, writer);
  const std::string record = std::move(writer).take();
  RecordReader reader(record);
  EXPECT_EQ(load_places(reader), places);
  EXPECT_TRUE(reader.is_good() && reader.is_at_end());
  RecordReader torn(std::string_view(record).substr(0, record.size() - 1));
  load_places(torn);
  EXPECT_FALSE(torn.is_good());
}

TEST(FilePlace, TheHeadIsWhatWasHandedOver) {
  FilePlace place;
  EXPECT_TRUE(has_head(place, "anything"));
  place.offset = 4;
  extend_head(place, "one\ntw");
  EXPECT_TRUE(has_head(place, "one\ntwo\n"));
  EXPECT_TRUE(has_head(place, "one\nother\n"));
  EXPECT_FALSE(has_head(place, "two\n"));
  EXPECT_FALSE(has_head(place, "one")) << "shorter";
  place.offset = 8;
  extend_head(place, "one\ntwo\n");
  EXPECT_FALSE(has_head(place, "one\nother\n"));
}

TEST(FilePlace, TheHeadHasALimit) {
  FilePlace place;
  place.offset = 1000;
  extend_head(place, std::string(1000, 'x'));
  EXPECT_EQ(place.head_size, kHeadBytes);
  EXPECT_TRUE(has_head(place, std::string(kHeadBytes, 'x') + "y"));
}

}  // namespace
}  // namespace backstay::sources
