#include "exporter/sources/followed_file.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace backstay::sources {

std::unique_ptr<FollowedFile> FollowedFile::open(const std::string& path) {
  // What is not a regular file is refused below; without O_NONBLOCK a pipe would hold us here.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return nullptr;
  std::unique_ptr<FollowedFile> file(new FollowedFile(descriptor));
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return nullptr;
  file->place.path = file->opened_path = path;
  file->place.device = info.st_dev;
  file->place.inode = info.st_ino;
  file->size = static_cast<std::uint64_t>(info.st_size);
  return file;
}

bool FollowedFile::look() {
  struct stat info {};
  if (::fstat(descriptor_.get(), &info) != 0) return false;
  size = static_cast<std::uint64_t>(info.st_size);
  is_deleted = info.st_nlink == 0;
  return true;
}

std::optional<std::string_view> FollowedFile::read(std::string& buffer, std::size_t bytes_max) {
  const ssize_t got = ::pread(descriptor_.get(), buffer.data(), std::min(bytes_max, buffer.size()),
                              static_cast<off_t>(place.offset));
  if (got < 0) return std::nullopt;
  return std::string_view(buffer).substr(0, static_cast<std::size_t>(got));
}

std::string FollowedFile::first_bytes() const {
  std::array<char, kHeadBytes> bytes{};
  const ssize_t got = ::pread(descriptor_.get(), bytes.data(), bytes.size(), 0);
  return {bytes.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
}

bool FollowedFile::is_at(const FilePlace& other) const {
  return is(other.device, other.inode) && size >= other.offset && has_head(other, first_bytes());
}

void FollowedFile::skip_to_end() {
  place.offset = read_to = size;
  char last = '\n';
  if (size > 0 && ::pread(descriptor_.get(), &last, 1, static_cast<off_t>(size - 1)) == 1) {
    place.in_long_line = last != '\n';
  }
  extend_head(place, first_bytes());
}

bool FollowedFile::skip_leading_nuls(std::string& buffer, std::size_t bytes_max) {
  const FilePlace before = place;
  while (const auto bytes = read(buffer, bytes_max)) {
    if (bytes->empty()) break;
    const std::size_t text = bytes->find_first_not_of('\0');
    if (text != bytes->npos) {
      place.offset += text;
      return true;
    }
    // Over the hole in one step, where the file system knows of it.
    const off_t data =
        ::lseek(descriptor_.get(), static_cast<off_t>(place.offset + bytes->size()), SEEK_DATA);
    if (data < 0) break;
    place.offset = static_cast<std::uint64_t>(data);
  }
  place = before;
  return false;
}

void FollowedFile::begin_anew() {
  place = {place.path, place.device, place.inode};
  read_to = 0;
}

}  // namespace backstay::sources
