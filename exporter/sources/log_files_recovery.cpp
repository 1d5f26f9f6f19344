// What happened to the files while nobody looked: between two polls, or while the process was down.
#include <algorithm>
#include <set>
#include <utility>

#include "exporter/sources/log_files.h"

namespace backstay::sources {
namespace {

constexpr int kLooksMax = 1000;
constexpr int kUnseenMax = 20;

// The path of a file in its folder; its own, where it stands there still. Empty for none.
std::string path_of(const FilePlace& place, const std::vector<FoundFile>& neighbours) {
  const auto is_it = [&](const FoundFile& found) {
    return found.inode == place.inode && found.device == place.device;
  };
  const auto own = find_file(place.path);
  if (own && is_it(*own)) return place.path;
  const auto at = std::find_if(neighbours.begin(), neighbours.end(), is_it);
  return at == neighbours.end() ? "" : at->path;
}

}  // namespace

void LogFiles::resume(const std::vector<FilePlace>& places, std::int64_t saved_at_ms) {
  tell_time();
  counters_.caught_up_ms = looked_ms_ = saved_at_ms;
  remembered_ = places;
  std::set<std::string> paths;
  if (!is_glob_) paths.insert(pattern_);
  for (const FilePlace& place : places) {
    resume_at(place, saved_at_ms);
    if (!place.is_done) paths.insert(place.path);
  }
  for (const std::string& path : paths) {
    const bool is_same = std::any_of(files_.begin(), files_.end(), [&](const auto& file) {
      return file->is_standing && file->place.path == path && file->place.head_size > 0;
    });
    // A file that stands there and begins as it did was not rotated: what looks so is a copy.
    if (!is_same) counters_.rotations += open_rotated(path, saved_at_ms, files_.size());
  }
}

void LogFiles::resume_at(const FilePlace& place, std::int64_t since_ms) {
  std::string path;
  std::unique_ptr<FollowedFile> file;
  // While files are renamed one is seen and not there any more, or not seen at all: only one that
  // is not seen again and again is gone.
  int unseen = 0;
  for (int look = 0; file == nullptr && look < kLooksMax && unseen < kUnseenMax; ++look) {
    const auto neighbours = find_neighbours(place.path);
    if (!neighbours) return;  // stays remembered, for when the folder can be read
    path = path_of(place, *neighbours);
    unseen = path.empty() ? unseen + 1 : 0;
    if (path.empty()) continue;
    file = FollowedFile::open(path);
    if (file != nullptr && !file->is(place.device, place.inode)) file.reset();
  }
  if (path.empty()) return lose(place);
  if (file == nullptr) return;  // stays remembered, for when the file can be read
  if (file->is_at(place)) {
    if (place.is_done && file->size == place.offset) return;
    recall(*file);
    file->place = place;
    file->place.is_done = false;
    file->is_standing = path == place.path && !place.is_done;
    if (!file->is_standing) file->left = place.path;
    insert(std::move(file), files_.size());
    return;
  }
  // Begun anew, or another file with the inode that the old one had: what is there is read from its
  // start either way, once it is looked for.
  const bool is_shorter = path == place.path && file->size < place.offset;
  if (open_copy(place, since_ms, files_.size()) == 0 && !is_shorter) return lose(place);
  if (!place.is_done) ++counters_.truncations;
  std::erase(remembered_, place);
}

void LogFiles::lose(const FilePlace& place) {
  const auto at = std::find(remembered_.begin(), remembered_.end(), place);
  if (at == remembered_.end() || at->is_done) return;
  at->is_done = true;  // counted once; should it come back, it goes on from there
  ++counters_.files_lost;
  if (find_file(place.path)) ++counters_.rotations;
}

void LogFiles::begin_anew(std::size_t index) {
  FollowedFile& file = *files_[index];
  const FilePlace before = file.place;
  const std::int64_t since_ms = file.checked_ms;
  ++counters_.truncations;
  file.begin_anew();
  const std::size_t copies = open_copy(before, since_ms, index);
  counters_.truncations += open_rotated(before.path, since_ms, index + copies);
}

// copytruncate leaves what was in the file in a copy: with what was not read of it.
std::size_t LogFiles::open_copy(const FilePlace& before, std::int64_t since_ms, std::size_t at) {
  if (before.head_size == 0) return 0;  // nothing was read: nothing to know it by
  std::unique_ptr<FollowedFile> newest;
  const auto neighbours = find_neighbours(before.path);
  if (!neighbours) return 0;
  for (const FoundFile& found : *neighbours) {
    if (!is_rotated_name(before.path, found.path) || !is_recent(found, since_ms)) continue;
    if (find(found.device, found.inode) != nullptr) continue;
    auto file = FollowedFile::open(found.path);
    if (file == nullptr || !has_head(before, file->first_bytes())) continue;
    const FilePlace own = file->place;
    file->place = before;
    file->place.device = own.device;
    file->place.inode = own.inode;
    if (file->size < before.offset) {
      // Made while we read on: all of it was read.
      file->place.offset = file->size;
      file->place.is_done = true;
      remember(std::move(file->place));
      continue;
    }
    if (is_glob_ && matches(pattern_, found.path)) file->place.path = found.path;
    file->is_standing = false;
    if (newest != nullptr) {
      newest->place.is_done = true;
      remember(std::move(newest->place));  // a copy of the copy
    }
    newest = std::move(file);
  }
  return newest != nullptr && insert(std::move(newest), at) ? 1 : 0;
}

// Files that stood at the path and left it since, as a whole: written and rotated unseen.
std::size_t LogFiles::open_rotated(const std::string& path, std::int64_t since_ms, std::size_t at) {
  std::size_t opened = 0;
  const auto neighbours = find_neighbours(path);
  if (!neighbours) return 0;
  for (const FoundFile& found : *neighbours) {
    if (!is_rotated_name(path, found.path) || !is_recent(found, since_ms)) continue;
    if (is_glob_ && matches(pattern_, found.path)) continue;  // is looked for anyway
    if (find(found.device, found.inode) != nullptr) continue;
    auto file = FollowedFile::open(found.path);
    if (file == nullptr) {
      if (find_file(found.path)) ++counters_.files_lost;  // else it was renamed
      continue;
    }
    if (is_copy(*file)) continue;
    file->place.path = path;
    if (auto place = recall(*file)) {
      if (file->size == place->offset) {
        remember(std::move(*place));
        continue;
      }
      file->place = std::move(*place);  // written to again, after it was closed
      file->place.is_done = false;
    }
    file->is_standing = false;
    if (insert(std::move(file), at + opened)) ++opened;
  }
  return opened;
}

bool LogFiles::insert(std::unique_ptr<FollowedFile> file, std::size_t at) {
  if (files_.size() >= kFilesMax) {
    ++counters_.files_lost;
    return false;
  }
  file->active_at = steady_;
  file->checked_ms = now_ms_;
  file->read_to = file->place.offset;
  files_.insert(files_.begin() + static_cast<std::ptrdiff_t>(at), std::move(file));
  return true;
}

void LogFiles::remember(FilePlace place) {
  const auto is_done = [](const FilePlace& other) { return other.is_done; };
  if (std::count_if(remembered_.begin(), remembered_.end(), is_done) >=
      static_cast<std::ptrdiff_t>(kDoneMax)) {
    remembered_.erase(std::find_if(remembered_.begin(), remembered_.end(), is_done));
  }
  remembered_.push_back(std::move(place));
}

// Several may have had its inode, one after the other: those with another head are gone.
std::optional<FilePlace> LogFiles::recall(const FollowedFile& file) {
  std::optional<FilePlace> recalled;
  std::erase_if(remembered_, [&](FilePlace& place) {
    if (!file.is(place.device, place.inode)) return false;
    if (file.is_at(place)) recalled = place;
    return true;
  });
  return recalled;
}

bool LogFiles::is_recent(const FoundFile& found, std::int64_t since_ms) const {
  return found.changed_ms >= std::max(since_ms - kClockSlackMs, not_before_ms_);
}

}  // namespace backstay::sources
