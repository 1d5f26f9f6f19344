#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"
#include "exporter/sources/file_place.h"

namespace backstay::sources {

// A log file that is open. What is public is LogFiles' own: it decides, this reads.
class FollowedFile {
 public:
  // Null where it cannot be opened, or is no regular file.
  static std::unique_ptr<FollowedFile> open(const std::string& path);

  // Asks for the size anew. False where the system no longer knows the file.
  bool look();
  // Bytes from the place on, as many as there are and fit; nullopt where they cannot be read.
  std::optional<std::string_view> read(std::string& buffer, std::size_t bytes_max);
  [[nodiscard]] std::string first_bytes() const;
  [[nodiscard]] bool is(std::uint64_t device, std::uint64_t inode) const {
    return place.inode == inode && place.device == device;
  }
  // Whether this is the file of the place, and what was read of it is still there.
  [[nodiscard]] bool is_at(const FilePlace& other) const;
  // From its end on; the line that is being written at this moment is left out.
  void skip_to_end();
  // A writer that went on at its old position after a truncation leaves a hole before its first
  // line: the line begins behind it. False where nothing but NULs is there.
  bool skip_leading_nuls(std::string& buffer, std::size_t bytes_max);
  // All from its start, as a file that is new.
  void begin_anew();

  FilePlace place;
  std::string opened_path;  // which place.path need not be, where it was rotated already
  std::uint64_t size = 0;
  std::uint64_t read_to = 0;  // what stands between place.offset and here is half a line
  bool is_deleted = false;
  bool is_standing = true;      // at a path that is followed
  std::string left;             // the path that it stood at, until another file stands there
  SteadyTime active_at;         // it grew or was rotated away
  std::int64_t checked_ms = 0;  // when it was last known not to be truncated

 private:
  explicit FollowedFile(int descriptor) : descriptor_(descriptor) {}

  const Descriptor descriptor_;
};

}  // namespace backstay::sources
