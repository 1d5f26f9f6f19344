// What happened to the files while nobody looked: between two polls, or while the process was down.
#include <algorithm>
#include <set>
#include <utility>

#include "exporter/sources/log_files.h"

namespace backstay::sources {
void LogFiles::resume(const std::vector<FilePlace>& places, std::int64_t saved_at_ms) {
  tell_time();
  counters_.caught_up_ms = looked_ms_ = saved_at_ms_ = saved_at_ms;
  remembered_ = places;
  std::set<std::string> paths;
  if (!is_glob_) paths.insert(pattern_);
  for (const FilePlace& place : places) {
    if (!resume_at(place, saved_at_ms)) unfound_.push_back(place);
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

bool LogFiles::resume_at(const FilePlace& place, std::int64_t since_ms) {
  const auto is_it = [&](const FoundFile& found) {
    return found.inode == place.inode && found.device == place.device;
  };
  auto file = folder_.open(place.path);
  if (file == nullptr || !file->is(place.device, place.inode)) {
    Neighbours seen = open_neighbours(folder_, place.path, is_it, 1);
    if (!seen.is_readable) return true;  // stays remembered, for when the folder can be read
    if (seen.opened.empty()) {
      if (!seen.is_settled) return false;
      if (seen.unopenable > 0) return true;  // stays remembered, for when the file can be read
      lose(place);
      return true;
    }
    file = std::move(seen.opened.front().file);
  }
  const std::string& path = file->opened_path;
  if (file->is_at(place)) {
    if (place.is_done && file->size == place.offset) return true;
    recall(*file);
    file->place = place;
    file->place.is_done = false;
    file->is_standing = path == place.path && !place.is_done;
    if (!file->is_standing) file->left = place.path;
    insert(std::move(file), files_.size());
    return true;
  }
  // Begun anew, or another file with the inode that the old one had: what is there is read from its
  // start either way, once it is looked for.
  const bool is_shorter = path == place.path && file->size < place.offset;
  if (open_copy(place, since_ms, files_.size()) == 0 && !is_shorter) {
    lose(place);
    return true;
  }
  if (!place.is_done) ++counters_.truncations;
  std::erase(remembered_, place);
  return true;
}

// Looks again for what could not be told apart while files were renamed.
void LogFiles::settle() {
  if (unfound_.empty() && searches_.empty()) return;
  for (const FilePlace& place : std::exchange(unfound_, {})) {
    // It may have been found where it stands, or as a file that was rotated.
    if (std::find(remembered_.begin(), remembered_.end(), place) == remembered_.end()) continue;
    if (!resume_at(place, saved_at_ms_)) unfound_.push_back(place);
  }
  std::map<std::string, Search> due;
  for (const auto& [path, search] : searches_) {
    if (search.is_due) due.emplace(path, search);
  }
  for (const auto& [path, search] : due) {
    counters_.rotations += open_rotated(path, search.since_ms, files_.size());
  }
}

void LogFiles::lose(const FilePlace& place) {
  const auto at = std::find(remembered_.begin(), remembered_.end(), place);
  if (at == remembered_.end() || at->is_done) return;
  at->is_done = true;  // counted once; should it come back, it goes on from there
  ++counters_.files_lost;
  if (folder_.find(place.path)) ++counters_.rotations;
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
  Neighbours seen = open_neighbours(folder_, before.path, [&](const FoundFile& found) {
    return is_rotated_name(before.path, found.path) && is_recent(found, since_ms) &&
           find(found.device, found.inode) == nullptr;
  });
  for (auto& [found, file] : seen.opened) {
    if (!has_head(before, file->first_bytes())) continue;
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
// coming: a file that will be followed as soon as this is over.
std::size_t LogFiles::open_rotated(const std::string& path, std::int64_t since_ms, std::size_t at,
                                   const FollowedFile* coming) {
  const auto is_known = [&](const FoundFile& found) {
    return find(found.device, found.inode) != nullptr ||
           (coming != nullptr && coming->is(found.device, found.inode));
  };
  Neighbours seen = open_neighbours(folder_, path, [&](const FoundFile& found) {
    return is_rotated_unseen(path, found, since_ms) && !is_known(found);
  });
  searches_.erase(path);
  if (!seen.is_readable) return 0;
  // One that stands at the path, and is not followed yet, may be rotated before it is.
  const bool is_followed = seen.standing && is_known(*seen.standing);
  if (!seen.is_settled || !is_followed) searches_[path] = {since_ms, !seen.is_settled};
  if (seen.is_settled) counters_.files_lost += seen.unopenable;
  std::size_t opened = 0;
  for (auto& [found, file] : seen.opened) {
    if (insert_rotated(path, std::move(file), at + opened)) ++opened;
  }
  return opened;
}

bool LogFiles::is_rotated_unseen(const std::string& path, const FoundFile& found,
                                 std::int64_t since_ms) const {
  if (!is_rotated_name(path, found.path) || !is_recent(found, since_ms)) return false;
  return !is_glob_ || !matches(pattern_, found.path);  // else it is looked for anyway
}

// What stood at a path when it was looked at, and was renamed before it could be opened.
void LogFiles::follow_renamed(const FoundFile& found) {
  const auto is_it = [&](const FoundFile& other) {
    return other.inode == found.inode && other.device == found.device;
  };
  const auto now = folder_.find(found.path);
  if (now && is_it(*now)) return;  // it was not renamed, but may not be opened
  Neighbours seen = open_neighbours(folder_, found.path, is_it, 1);
  if (seen.opened.empty()) return;
  auto file = std::move(seen.opened.front().file);
  const std::string path = file->opened_path;
  if (auto place = recall(*file)) file->place = std::move(*place);
  file->place.is_done = false;
  file->is_standing = is_glob_ ? matches(pattern_, path) : path == pattern_;
  file->place.path = file->is_standing ? path : found.path;
  if (!file->is_standing) file->left = found.path;
  insert(std::move(file), files_.size());
}

bool LogFiles::insert_rotated(const std::string& path, std::unique_ptr<FollowedFile> file,
                              std::size_t at) {
  if (is_copy(*file)) return false;
  file->place.path = path;
  if (auto place = recall(*file)) {
    if (file->size == place->offset) {
      remember(std::move(*place));
      return false;
    }
    file->place = std::move(*place);  // written to again, after it was closed
    file->place.is_done = false;
  }
  file->is_standing = false;
  return insert(std::move(file), at);
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
