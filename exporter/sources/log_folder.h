#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::sources {

struct FoundFile {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t changed_ms = 0;  // when it was written to last, since 1970
  bool is_regular = false;
};

std::optional<FoundFile> find_file(const std::string& path);

bool is_glob(std::string_view pattern);
bool matches(const std::string& glob, const std::string& path);
std::vector<FoundFile> find_matching(const std::string& glob);

// By its name: what gzip, xz, zstd, bzip2, compress and lz4 leave.
bool is_compressed(std::string_view path);
// Whether a rotation of `path` may have this name: access.log.1, access.log-20261125, access.1.log,
// access.log.old; but not access.log.api, which is a log of its own.
bool is_rotated_name(std::string_view path, std::string_view name);

// Regular, uncompressed files in the folder of `path`, oldest change first; nothing where the
// folder cannot be read.
std::optional<std::vector<FoundFile>> find_neighbours(const std::string& path);

}  // namespace backstay::sources
