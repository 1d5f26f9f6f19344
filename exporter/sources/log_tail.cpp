#include "exporter/sources/log_tail.h"

#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporter/formats/access_event.h"

namespace backstay::sources {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

LogTail::LogTail(std::string path, From from, Sink sink, Clock& clock)
    : path_(std::move(path)), sink_(std::move(sink)), clock_(clock), from_(from) {
  buffer_.resize(kReadBytes);
  open_current(from_);
  from_ = From::start;  // what appears from now on is new as a whole
}

LogTail::~LogTail() {
  if (current_.descriptor >= 0) ::close(current_.descriptor);
  for (const File& file : retired_) ::close(file.descriptor);
}

bool LogTail::open_current(From from) {
  // What is not a regular file is refused below; without O_NONBLOCK a pipe would hold us here.
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info {};
  if (descriptor < 0 || ::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    if (descriptor >= 0) ::close(descriptor);
    counters_.is_readable = false;
    return false;
  }
  current_ = File{};
  current_.descriptor = descriptor;
  current_.device = info.st_dev;
  current_.inode = info.st_ino;
  if (from == From::end) {
    current_.offset = info.st_size;
    // The line that is being written at this moment is not known from its start.
    char last = '\n';
    if (info.st_size > 0 && ::pread(descriptor, &last, 1, info.st_size - 1) == 1) {
      current_.is_skipping = last != '\n';
    }
  }
  counters_.is_readable = true;
  return true;
}

void LogTail::take(File& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, newline);
    if (newline == std::string_view::npos) {
      if (!file.is_skipping) file.partial.append(piece);
      if (file.partial.size() > formats::kLineBytesMax) {
        ++counters_.lines_too_long;
        file.partial.clear();
        file.is_skipping = true;
      }
      return;
    }
    if (file.is_skipping) {
      file.is_skipping = false;
    } else if (file.partial.empty()) {
      hand_over(piece);  // the usual case: no copy
    } else {
      file.partial.append(piece);
      hand_over(file.partial);
      file.partial.clear();
    }
    bytes.remove_prefix(newline + 1);
  }
}

void LogTail::hand_over(std::string_view line) {
  if (line.size() > formats::kLineBytesMax) {
    ++counters_.lines_too_long;
  } else {
    sink_(line);
  }
}

void LogTail::read_on(File& file) {
  for (;;) {
    const ssize_t got = ::pread(file.descriptor, buffer_.data(), buffer_.size(), file.offset);
    if (got <= 0) return;
    file.offset += got;
    take(file, std::string_view(buffer_.data(), static_cast<std::size_t>(got)));
  }
}

void LogTail::retire() {
  current_.read_until = clock_.steady() + kGrace;
  retired_.push_back(std::move(current_));
  current_ = File{};
}

void LogTail::look_for_rotation() {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return;  // renamed away; the new one is not there yet
  if (info.st_ino != current_.inode || info.st_dev != current_.device) {
    ++counters_.rotations;
    retire();
    if (open_current(From::start)) read_on(current_);
    return;
  }
  if (info.st_size < current_.offset) {
    ++counters_.truncations;
    current_.offset = 0;
    current_.partial.clear();
    current_.is_skipping = false;
    read_on(current_);
  }
}

void LogTail::drop_retired() {
  for (auto at = retired_.begin(); at != retired_.end();) {
    read_on(*at);
    if (clock_.steady() < at->read_until) {
      ++at;
      continue;
    }
    ::close(at->descriptor);
    at = retired_.erase(at);
  }
}

void LogTail::poll() {
  drop_retired();
  if (current_.descriptor < 0 && !open_current(from_)) return;
  read_on(current_);
  look_for_rotation();
  struct stat info {};
  const bool is_known = current_.descriptor >= 0 && ::fstat(current_.descriptor, &info) == 0;
  counters_.lag_bytes = is_known && info.st_size > current_.offset
                            ? static_cast<std::uint64_t>(info.st_size - current_.offset)
                            : 0;
}

void LogTail::finish() {
  if (current_.partial.empty()) return;
  sink_(current_.partial);
  current_.partial.clear();
}

}  // namespace backstay::sources
