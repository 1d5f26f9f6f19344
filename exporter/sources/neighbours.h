#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sources/followed_file.h"
#include "exporter/sources/log_folder.h"

namespace backstay::sources {

// What LogFiles asks of the file system: a test has files renamed between two questions.
class LogFolder {
 public:
  virtual ~LogFolder() = default;
  virtual std::optional<FoundFile> find(const std::string& path) { return find_file(path); }
  virtual std::optional<std::vector<FoundFile>> list(const std::string& path) {
    return find_neighbours(path);
  }
  virtual std::unique_ptr<FollowedFile> open(const std::string& path) {
    return FollowedFile::open(path);
  }
};
LogFolder& system_folder();

struct Neighbour {
  FoundFile found;
  std::unique_ptr<FollowedFile> file;  // the one that was found, whatever it is called by now
};

struct Neighbours {
  bool is_readable = false;           // the folder
  bool is_settled = false;            // nothing was renamed meanwhile, so nothing was overlooked
  std::vector<Neighbour> opened;      // oldest change first
  std::size_t unopenable = 0;         // wanted, but they cannot be opened
  std::optional<FoundFile> standing;  // at the path itself, as of the last listing
};

using IsWanted = std::function<bool(const FoundFile&)>;

// Opens the files in the folder of `path` that are wanted, each once, while others rename them. A
// listing that is made meanwhile may have a file under two names or under none, and a name of it
// may be another file's by the time that it is opened. So it is the identity of what was opened
// that counts, and the folder is listed until two listings agree on the names of the log; at most
// kListingsMax times, and no longer than `enough` files are missing.
inline constexpr int kListingsMax = 50;
Neighbours open_neighbours(LogFolder& folder, const std::string& path, const IsWanted& is_wanted,
                           std::size_t enough = static_cast<std::size_t>(-1));

}  // namespace backstay::sources
