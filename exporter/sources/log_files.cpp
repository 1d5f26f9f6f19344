#include "exporter/sources/log_files.h"

#include <algorithm>
#include <utility>

#include "exporter/formats/parser.h"
#include "exporter/sources/line_cut.h"

namespace backstay::sources {

LogFiles::LogFiles(std::string pattern, Clock& clock, LogFolder& folder)
    : pattern_(std::move(pattern)), is_glob_(is_glob(pattern_)), clock_(clock), folder_(folder) {
  buffer_.resize(kBlockBytes + formats::kReadableBeyond);
}

void LogFiles::tell_time() {
  now_ms_ = clock_.now().time_since_epoch().count();
  steady_ = clock_.steady();
}

void LogFiles::begin(From from) {
  tell_time();
  not_before_ms_ = counters_.caught_up_ms = now_ms_;
  look();
  if (from == From::start) return;
  for (const auto& file : files_) file->skip_to_end();
}

FollowedFile* LogFiles::find(std::uint64_t device, std::uint64_t inode) {
  const auto at = std::find_if(files_.begin(), files_.end(),
                               [&](const auto& file) { return file->is(device, inode); });
  return at == files_.end() ? nullptr : at->get();
}

void LogFiles::look() {
  if (is_glob_) {
    if (scanned_at_ && steady_ - *scanned_at_ < kScanEvery) return;
    scanned_at_ = steady_;
    place_files(find_matching(pattern_));
  } else {
    auto found = folder_.find(pattern_);
    const bool is_file = found && found->is_regular && !is_compressed(pattern_);
    place_files(is_file ? std::vector{std::move(*found)} : std::vector<FoundFile>{});
    // For the moment between a rename and the new file the old one will do.
    if (found && !is_file) counters_.is_readable = false;
  }
  looked_ms_ = now_ms_;
}

void LogFiles::place_files(const std::vector<FoundFile>& found) {
  std::vector<const FoundFile*> unknown;
  std::vector<std::pair<FollowedFile*, const FoundFile*>> renamed;
  std::vector<FollowedFile*> standing;
  for (const FoundFile& entry : found) {
    FollowedFile* file = find(entry.device, entry.inode);
    if (file == nullptr) {
      if (entry.is_regular) unknown.push_back(&entry);
    } else if (file->place.path == entry.path) {
      standing.push_back(file);
    } else {
      renamed.emplace_back(file, &entry);
    }
  }
  std::vector<FollowedFile*> were_standing;
  for (const auto& file : files_) {
    if (std::exchange(file->is_standing, false)) were_standing.push_back(file.get());
  }
  for (FollowedFile* file : standing) {
    file->is_standing = true;
    file->left.clear();
  }
  for (const auto& [file, entry] : renamed) {
    if (file->is_standing) continue;  // a link, or a second name
    file->is_standing = true;
    file->left = std::exchange(file->place.path, entry->path);
  }
  for (FollowedFile* file : were_standing) {
    if (file->is_standing) continue;
    file->left = file->place.path;
    file->active_at = steady_;
  }
  std::stable_sort(unknown.begin(), unknown.end(), [](const FoundFile* a, const FoundFile* b) {
    return a->changed_ms < b->changed_ms;
  });
  counters_.files_refused = 0;
  counters_.is_readable = true;
  for (const FoundFile* entry : unknown) {
    if (!open_new(*entry)) counters_.is_readable = false;
  }
  const bool is_any = std::any_of(files_.begin(), files_.end(), [&](const auto& file) {
    return file->is_standing || (!file->left.empty() && steady_ - file->active_at < kGrace);
  });
  if (!is_any) counters_.is_readable = false;
}

bool LogFiles::open_new(const FoundFile& found) {
  if (files_.size() >= kFilesMax) {
    ++counters_.files_refused;
    return true;
  }
  auto file = folder_.open(found.path);
  if (file == nullptr || !file->is(found.device, found.inode)) follow_renamed(found);
  if (file == nullptr) return false;
  if (find(file->place.device, file->place.inode) != nullptr) return true;  // renamed meanwhile
  if (auto place = recall(*file)) {
    file->place = std::move(*place);
    file->place.path = found.path;
    file->place.is_done = false;
  } else if (is_copy(*file)) {
    return true;
  }
  bool is_rotation = false;
  for (const auto& other : files_) {
    if (other->left != found.path) continue;
    other->left.clear();
    is_rotation = true;
  }
  const auto search = searches_.find(found.path);
  const bool is_awaited = search != searches_.end();
  if (is_rotation) ++counters_.rotations;
  if (is_rotation || is_awaited) {
    const std::int64_t since_ms =
        is_awaited ? std::min(looked_ms_, search->second.since_ms) : looked_ms_;
    counters_.rotations += open_rotated(found.path, since_ms, files_.size(), file.get());
  }
  insert(std::move(file), files_.size());
  return true;
}

// Of copytruncate, when it has not truncated yet: read would be twice what is read already. Once it
// has, the rest of the copy is read (begin_anew).
bool LogFiles::is_copy(const FollowedFile& file) const {
  const std::string head = file.first_bytes();
  return std::any_of(files_.begin(), files_.end(), [&](const auto& other) {
    const FilePlace& place = other->place;
    if (!is_rotated_name(place.path, file.opened_path)) return false;
    const std::string there = other->first_bytes();
    if (place.head_size > 0) {
      return has_head(place, head) && (other->is_standing || !has_head(place, there));
    }
    // Nothing was read of it: what is there now, if it is enough to tell.
    const bool is_enough = there.size() == kHeadBytes || there.find('\n') != there.npos;
    return other->is_standing && is_enough && head.starts_with(there);
  });
}

void LogFiles::close_left() {
  for (std::size_t i = 0; i < files_.size();) {
    FollowedFile& file = *files_[i];
    const bool is_read = file.read_to == file.size && steady_ - file.active_at >= kGrace;
    // Without another file at the path the writer may still have this one, however slow it is.
    const bool may_grow = !is_glob_ && !file.left.empty() && !file.is_deleted;
    if (file.is_standing || !is_read || may_grow) {
      ++i;
      continue;
    }
    file.place.is_done = true;
    remember(std::move(file.place));
    files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(i));
    if (i < turn_) --turn_;
  }
}

bool LogFiles::poll(const Sink& sink) {
  tell_time();
  look();
  settle();
  taken_bytes_ = 0;
  for (std::size_t visited = 0; visited < files_.size() && taken_bytes_ < kBytesPerPoll;) {
    if (turn_ >= files_.size()) turn_ = 0;
    FollowedFile& file = *files_[turn_];
    const Step step = read_block(file, sink);
    if (step == Step::truncated) {
      begin_anew(turn_);  // what is left of the old lines comes first, in its place
      goal_.reset();
      continue;
    }
    if (!goal_) goal_ = file.size;
    if (step == Step::more && file.read_to < *goal_) continue;
    goal_.reset();
    ++turn_;
    ++visited;
  }
  if (taken_bytes_ < kBytesPerPoll) turn_ = 0;
  close_left();
  count_lag();
  return taken_bytes_ > 0;
}

LogFiles::Step LogFiles::read_block(FollowedFile& file, const Sink& sink) {
  if (!file.look()) return Step::at_end;
  if (file.size < file.place.offset) return Step::truncated;
  if (file.size == file.read_to) {
    file.checked_ms = now_ms_;
    return Step::at_end;
  }
  const auto block = file.read(buffer_, kBlockBytes);
  if (!block || block->empty()) {
    if (!block) counters_.is_readable = false;
    file.read_to = file.place.offset;
    return Step::at_end;
  }
  const std::uint64_t end = file.place.offset + block->size();
  const std::string head =
      file.place.offset == 0 ? std::string(block->substr(0, kHeadBytes)) : file.first_bytes();
  // Truncated and longer again than it was: what was read is from the middle of a line. Where it is
  // shorter it was longer when it was read, so the block is good; the next look finds it.
  if (!file.look()) return Step::at_end;
  if (file.size >= end && !has_head(file.place, head)) return Step::truncated;
  taken_bytes_ += block->size();
  file.read_to = end;
  file.active_at = steady_;
  file.checked_ms = counters_.last_growth_ms = now_ms_;
  if (file.place.offset == 0 && block->front() == '\0') {
    if (!file.skip_leading_nuls(buffer_, kBlockBytes)) return Step::at_end;
    file.read_to = file.place.offset;
    return Step::more;
  }
  hand_over(file, *block, head, sink);
  return Step::more;
}

void LogFiles::hand_over(FollowedFile& file, std::string_view block, std::string_view head,
                         const Sink& sink) {
  FilePlace& place = file.place;
  while (!block.empty()) {
    const LineCut cut = cut_lines(block, place.in_long_line);
    if (cut.taken == 0) return;
    if (cut.is_too_long) ++counters_.lines_too_long;
    place.offset += cut.taken;
    place.in_long_line = cut.in_long_line;
    extend_head(place, head);
    if (!cut.lines.empty()) {
      counters_.last_lines_ms = now_ms_;
      sink(cut.lines, place);
    }
    block.remove_prefix(cut.taken);
  }
}

void LogFiles::count_lag() {
  counters_.files_open = files_.size();
  counters_.lag_bytes = 0;
  const bool is_cut_short = taken_bytes_ >= kBytesPerPoll;
  for (const auto& file : files_) {
    if (is_cut_short) file->look();
    if (file->size > file->read_to) counters_.lag_bytes += file->size - file->read_to;
  }
  if (counters_.lag_bytes == 0) counters_.caught_up_ms = now_ms_;
}

void LogFiles::finish(const Sink& sink) {
  while (poll(sink)) {
  }
  for (const auto& file : files_) {
    if (file->place.in_long_line) continue;
    const auto rest = file->read(buffer_, formats::kLineBytesMax);
    if (!rest || rest->empty()) continue;
    const std::size_t size = rest->size();
    buffer_[size] = '\n';
    file->place.offset += size;
    file->place.in_long_line = true;
    sink(std::string_view(buffer_).substr(0, size + 1), file->place);
  }
}

std::vector<FilePlace> LogFiles::places() const {
  std::vector<FilePlace> all = remembered_;
  for (const auto& file : files_) all.push_back(file->place);
  return all;
}

}  // namespace backstay::sources
