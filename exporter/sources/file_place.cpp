#include "exporter/sources/file_place.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace backstay::sources {
namespace {

constexpr std::size_t kSavedBytesMin = 8 * 8;  // seven numbers and the length of a path

std::uint64_t hash(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

bool has_head(const FilePlace& place, std::string_view first_bytes) {
  if (place.head_size == 0) return true;  // nothing of it was handed over
  return place.head_size <= first_bytes.size() &&
         hash(first_bytes.substr(0, place.head_size)) == place.head_hash;
}

void extend_head(FilePlace& place, std::string_view first_bytes) {
  const std::uint64_t size =
      std::min<std::uint64_t>({kHeadBytes, place.offset, first_bytes.size()});
  if (size <= place.head_size) return;
  place.head_size = size;
  place.head_hash = hash(first_bytes.substr(0, size));
}

void save(const std::vector<FilePlace>& places, RecordWriter& record) {
  record.number(places.size());
  for (const FilePlace& place : places) {
    record.text(place.path);
    record.number(place.device);
    record.number(place.inode);
    record.number(place.head_size);
    record.number(place.head_hash);
    record.number(place.offset);
    record.number(place.in_long_line ? 1 : 0);
    record.number(place.is_done ? 1 : 0);
  }
}

std::vector<FilePlace> load_places(RecordReader& record) {
  std::vector<FilePlace> places(record.count(kSavedBytesMin));
  for (FilePlace& place : places) {
    place.path = record.text();
    place.device = record.number();
    place.inode = record.number();
    place.head_size = record.number();
    place.head_hash = record.number();
    place.offset = record.number();
    place.in_long_line = record.number() != 0;
    place.is_done = record.number() != 0;
  }
  return places;
}

}  // namespace backstay::sources
