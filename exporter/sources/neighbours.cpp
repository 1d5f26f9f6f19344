#include "exporter/sources/neighbours.h"

#include <algorithm>
#include <map>
#include <utility>

namespace backstay::sources {
namespace {

using Identity = std::pair<std::uint64_t, std::uint64_t>;
using Names = std::map<std::string, Identity>;

Identity identity_of(const FoundFile& found) { return {found.device, found.inode}; }

// Other files come and go in the folder, and say nothing about this log.
Names names_of(const std::string& path, const std::vector<FoundFile>& listing) {
  Names names;
  for (const FoundFile& found : listing) {
    if (found.path == path || is_rotated_name(path, found.path)) {
      names.emplace(found.path, identity_of(found));
    }
  }
  return names;
}

// Whether what was found was opened as what it was.
enum class Opening { done, renamed, failed };

Opening open_found(LogFolder& folder, const FoundFile& found, Neighbours& to) {
  const bool is_known = std::any_of(to.opened.begin(), to.opened.end(), [&](const Neighbour& each) {
    return each.file->is(found.device, found.inode);
  });
  if (is_known) return Opening::done;
  auto file = folder.open(found.path);
  if (file == nullptr) return Opening::failed;
  if (!file->is(found.device, found.inode)) return Opening::renamed;
  to.opened.push_back({found, std::move(file)});
  return Opening::done;
}

}  // namespace

LogFolder& system_folder() {
  static LogFolder folder;
  return folder;
}

Neighbours open_neighbours(LogFolder& folder, const std::string& path, const IsWanted& is_wanted,
                           std::size_t enough) {
  Neighbours all;
  std::optional<Names> before;
  for (int i = 0; i < kListingsMax && !all.is_settled && all.opened.size() < enough; ++i) {
    const auto listing = folder.list(path);
    all.is_readable = listing.has_value();
    if (!listing) break;
    all.standing.reset();
    all.unopenable = 0;
    bool is_renamed = false;
    for (const FoundFile& found : *listing) {
      if (found.path == path) all.standing = found;
      if (!is_wanted(found)) continue;
      const Opening opening = open_found(folder, found, all);
      if (opening == Opening::failed) ++all.unopenable;
      if (opening == Opening::renamed) is_renamed = true;
    }
    Names names = names_of(path, *listing);
    // What failed to open was renamed, unless it is there still at the next listing.
    all.is_settled = !is_renamed && before == names;
    before = std::move(names);
  }
  std::stable_sort(all.opened.begin(), all.opened.end(), [](const auto& left, const auto& right) {
    return left.found.changed_ms < right.found.changed_ms;
  });
  return all;
}

}  // namespace backstay::sources
