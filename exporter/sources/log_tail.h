#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/clock.h"

namespace backstay::sources {

struct TailCounters {
  std::uint64_t rotations = 0;       // another file stands at the path
  std::uint64_t truncations = 0;     // the file became shorter: it is read from its start again
  std::uint64_t lines_too_long = 0;  // skipped; the file goes on behind them
  std::uint64_t lag_bytes = 0;       // written, but not read yet
  bool is_readable = false;
};

// Follows one log file by its path: growth, rename and new file (the old one is read on through a
// grace period, since nginx writes there until it is told to reopen), copytruncate, and files that
// do not exist yet. A line counts once its newline is there. A file that is there at the start is
// followed from its end; one that appears later is read from its beginning. One thread.
class LogTail {
 public:
  // Gets each line without its newline; the view is valid during the call only.
  using Sink = std::function<void(std::string_view)>;
  enum class From { start, end };

  LogTail(std::string path, From from, Sink sink, Clock& clock);
  ~LogTail();
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;

  // Reads what is there now, and returns.
  void poll();
  // At the end of a file that will not grow: hands over a last line that has no newline.
  void finish();

  [[nodiscard]] const TailCounters& counters() const { return counters_; }

  static constexpr std::chrono::seconds kGrace{10};

 private:
  struct File {
    int descriptor = -1;
    dev_t device = 0;
    ino_t inode = 0;
    off_t offset = 0;
    std::string partial;       // the beginning of a line whose end is not there yet
    bool is_skipping = false;  // inside a line that is too long
    SteadyTime read_until;     // once rotated away
  };

  bool open_current(From from);
  void read_on(File& file);
  void take(File& file, std::string_view bytes);
  void hand_over(std::string_view line);
  void look_for_rotation();
  void retire();
  void drop_retired();

  const std::string path_;
  const Sink sink_;
  Clock& clock_;
  From from_;
  File current_;
  std::list<File> retired_;
  TailCounters counters_;
  std::string buffer_;
};

}  // namespace backstay::sources
