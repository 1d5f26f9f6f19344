#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "exporter/sources/file_place.h"
#include "exporter/sources/followed_file.h"
#include "exporter/sources/log_folder.h"
#include "exporter/sources/neighbours.h"

namespace backstay::sources {

struct LogFilesCounters {
  std::uint64_t rotations = 0;       // another file stood at a path
  std::uint64_t truncations = 0;     // a file was begun anew: it is read from its start
  std::uint64_t lines_too_long = 0;  // skipped; the file goes on behind them
  std::uint64_t files_lost = 0;      // gone, with what was not read of them
  // As of the last poll:
  std::uint64_t files_open = 0;
  std::uint64_t files_refused = 0;  // match, but kFilesMax are open
  std::uint64_t lag_bytes = 0;      // written, but not looked at yet
  bool is_readable = false;         // there is a file, and all that match can be opened
  std::int64_t caught_up_ms = 0;    // when lag_bytes was 0 last: nothing older waits to be read
  std::int64_t last_growth_ms = 0;  // when new bytes were found last, 0 for never
  std::int64_t last_lines_ms = 0;   // when lines were handed over last, 0 for never
};

// Follows the log files of a path or a glob through growth, rotation, copytruncate and restarts, so
// that each line is handed over once. A file is known by its identity (see FilePlace), never by its
// path. One thread.
//
// While a sink runs, places() and counters() include the lines that it was given; between two calls
// nothing changes that lines depend on. So a caller that counts the lines and copies both under one
// lock, in the sink and after poll(), has counts and places of the same moment at all times.
class LogFiles {
 public:
  // Whole lines, each with its newline, in order, all of the file `after`, which is the place
  // behind them. Up to kBlockBytes; formats::kReadableBeyond more are readable.
  using Sink = std::function<void(std::string_view lines, const FilePlace& after)>;
  enum class From { start, end };

  LogFiles(std::string pattern, Clock& clock, LogFolder& folder = system_folder());

  // Without a checkpoint: where to begin in the files that are there now. One that appears later is
  // read from its start.
  void begin(From from);
  // From a checkpoint, also one that was written before several rotations.
  void resume(const std::vector<FilePlace>& places, std::int64_t saved_at_ms);

  // Hands over what is there, up to about kBytesPerPoll; returns whether there was anything.
  bool poll(const Sink& sink);
  // Reads all that is there, and a last line without newline: for files that will not grow.
  void finish(const Sink& sink);

  [[nodiscard]] std::vector<FilePlace> places() const;
  [[nodiscard]] const LogFilesCounters& counters() const { return counters_; }

  static constexpr std::size_t kBlockBytes = 256 * 1024;
  static constexpr std::uint64_t kBytesPerPoll = 4 * 1024 * 1024;
  static constexpr std::size_t kFilesMax = 512;
  static constexpr std::size_t kDoneMax = 64;           // files that are remembered once closed
  static constexpr std::chrono::seconds kGrace{10};     // a file that was rotated away is read on
  static constexpr std::chrono::seconds kScanEvery{1};  // where there is a glob
  // Files have their times from a coarser clock than ours, or from that of a file server.
  static constexpr std::int64_t kClockSlackMs = 2000;

 private:
  enum class Step { more, at_end, truncated };

  // What stands where (log_files.cpp).
  void tell_time();
  void look();
  void look_at(const std::optional<FoundFile>& found);
  void place_files(const std::vector<FoundFile>& found);
  bool open_new(const FoundFile& found);
  void close_left();
  [[nodiscard]] FollowedFile* find(std::uint64_t device, std::uint64_t inode);
  [[nodiscard]] bool is_copy(const FollowedFile& file) const;

  // Reading.
  Step read_block(FollowedFile& file, const Sink& sink);
  void hand_over(FollowedFile& file, std::string_view block, std::string_view head,
                 const Sink& sink);
  void count_lag();

  // What happened while we did not look (log_files_recovery.cpp).
  // False: files were renamed so fast that it was not found, and is to be looked for again.
  bool resume_at(const FilePlace& place, std::int64_t since_ms);
  void lose(const FilePlace& place);
  std::size_t open_copy(const FilePlace& before, std::int64_t since_ms, std::size_t at);
  std::size_t open_rotated(const std::string& path, std::int64_t since_ms, std::size_t at,
                           const FollowedFile* coming = nullptr);
  void follow_renamed(const FoundFile& found);
  [[nodiscard]] bool is_rotated_unseen(const std::string& path, const FoundFile& found,
                                       std::int64_t since_ms) const;
  bool insert_rotated(const std::string& path, std::unique_ptr<FollowedFile> file, std::size_t at);
  void settle();
  void begin_anew(std::size_t index);
  bool insert(std::unique_ptr<FollowedFile> file, std::size_t at);
  void remember(FilePlace place);
  std::optional<FilePlace> recall(const FollowedFile& file);
  [[nodiscard]] bool is_recent(const FoundFile& found, std::int64_t since_ms) const;

  const std::string pattern_;
  const bool is_glob_;
  Clock& clock_;
  LogFolder& folder_;
  std::vector<std::unique_ptr<FollowedFile>> files_;  // in the order in which they are read
  std::vector<FilePlace> remembered_;  // closed, or of a checkpoint and not found yet
  // Where renames went on while rotated files were looked for, and since when: again at the next
  // poll (true), or once another file stands at the path.
  struct Search {
    std::int64_t since_ms = 0;
    bool is_due = false;
  };
  std::map<std::string, Search> searches_;
  std::vector<FilePlace> unfound_;     // of a checkpoint, for the same reason
  std::int64_t saved_at_ms_ = 0;       // that checkpoint
  std::size_t turn_ = 0;               // the file that is read next,
  std::optional<std::uint64_t> goal_;  // and how far, before it is another's turn
  std::uint64_t taken_bytes_ = 0;      // in this poll
  std::string buffer_;
  LogFilesCounters counters_;
  std::int64_t now_ms_ = 0;
  SteadyTime steady_;
  std::optional<SteadyTime> scanned_at_;
  std::int64_t looked_ms_ = 0;      // when the paths were looked at last
  std::int64_t not_before_ms_ = 0;  // what was rotated before is none of ours
};

}  // namespace backstay::sources
