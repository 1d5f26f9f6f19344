#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.h"

namespace backstay::sources {

// How far a file was read, and how to know it again: by device, inode and its first bytes, since
// paths change with each rotation and inodes are used again.
struct FilePlace {
  std::string path;  // where it stands, or stood before it was rotated away
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t head_size = 0;  // of its first bytes, as many as were handed over, up to kHeadBytes
  std::uint64_t head_hash = 0;
  std::uint64_t offset = 0;   // behind the last whole line that was handed over or skipped
  bool in_long_line = false;  // offset stands in a line that is being skipped
  bool is_done = false;       // rotated away, read and closed: kept so that it is not read again

  bool operator==(const FilePlace&) const = default;
};

inline constexpr std::size_t kHeadBytes = 256;

// Whether a file that begins so may be the one of the place.
bool has_head(const FilePlace& place, std::string_view first_bytes);
// Takes as much of the first bytes into the identity as was handed over.
void extend_head(FilePlace& place, std::string_view first_bytes);

void save(const std::vector<FilePlace>& places, RecordWriter& record);
std::vector<FilePlace> load_places(RecordReader& record);

}  // namespace backstay::sources
