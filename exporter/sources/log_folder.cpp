#include "exporter/sources/log_folder.h"

#include <algorithm>
#include <array>
#include <memory>

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

namespace backstay::sources {
namespace {

constexpr std::array<std::string_view, 6> kCompressed{".gz", ".xz", ".zst", ".bz2", ".Z", ".lz4"};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// A number or a date: what rotation puts behind a name, or before its extension.
bool is_rotation_mark(std::string_view mark) {
  if (mark == ".old" || mark == ".bak" || mark == ".prev") return true;
  return mark.size() > 1 && std::string_view(".-_").find(mark[0]) != std::string_view::npos &&
         mark.find_first_of("0123456789") != std::string_view::npos &&
         mark.find_first_not_of("0123456789.-_:+TZ") == std::string_view::npos;
}

}  // namespace

std::optional<FoundFile> find_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return FoundFile{path,
                   info.st_dev,
                   info.st_ino,
                   static_cast<std::uint64_t>(info.st_size),
                   info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000,
                   S_ISREG(info.st_mode)};
}

bool is_glob(std::string_view pattern) { return pattern.find_first_of("*?[") != pattern.npos; }

bool matches(const std::string& glob, const std::string& path) {
  return ::fnmatch(glob.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
}

std::vector<FoundFile> find_matching(const std::string& glob) {
  std::vector<FoundFile> found;
  ::glob_t paths{};
  if (::glob(glob.c_str(), GLOB_NOSORT, nullptr, &paths) == 0) {
    for (std::size_t i = 0; i < paths.gl_pathc; ++i) {
      if (is_compressed(paths.gl_pathv[i])) continue;
      if (auto file = find_file(paths.gl_pathv[i])) found.push_back(std::move(*file));
    }
  }
  ::globfree(&paths);
  return found;
}

bool is_compressed(std::string_view path) {
  return std::any_of(kCompressed.begin(), kCompressed.end(),
                     [&](std::string_view suffix) { return path.ends_with(suffix); });
}

bool is_rotated_name(std::string_view path, std::string_view name) {
  const auto lies_between = [&](std::string_view before, std::string_view behind) {
    return name.size() > before.size() + behind.size() && name.starts_with(before) &&
           name.ends_with(behind) &&
           is_rotation_mark(
               name.substr(before.size(), name.size() - before.size() - behind.size()));
  };
  if (lies_between(path, "")) return true;
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  if (dot == path.npos || (slash != path.npos && dot < slash)) return false;
  return lies_between(path.substr(0, dot), path.substr(dot));
}

std::optional<std::vector<FoundFile>> find_neighbours(const std::string& path) {
  const std::string folder = folder_of(path);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(
      ::opendir(folder.empty() ? "." : folder.c_str()), ::closedir);
  if (listing == nullptr) return std::nullopt;
  std::vector<FoundFile> found;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = folder + static_cast<const char*>(entry->d_name);
    if (is_compressed(name)) continue;
    auto file = find_file(name);
    if (file && file->is_regular) found.push_back(std::move(*file));
  }
  std::stable_sort(found.begin(), found.end(), [](const FoundFile& left, const FoundFile& right) {
    return left.changed_ms < right.changed_ms;
  });
  return found;
}

}  // namespace backstay::sources
