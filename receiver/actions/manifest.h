#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace backstay {

// What a backup consists of. manifest.json:
//   {"format": 1, "id": "…", "created_at": "2026-11-23T08:13:04.250Z", "service_release": "1",
//    "files": [{"path": "database/toc.dat", "bytes": 4711, "sha256": "…"}]}
struct ManifestFile {
  std::string path;  // relative to the backup's folder
  std::uint64_t bytes = 0;
  std::string sha256;  // hex
};

struct Manifest {
  std::string id;
  WallTime created_at;
  std::string release;  // live when the backup was taken
  std::vector<ManifestFile> files;
};

// What ends the reading of large files early.
struct ReadingLimit {
  const Clock& clock;
  SteadyTime deadline;
  std::stop_token stop;
};

// Every file below the folder, but the manifest itself. The limit is asked for every 64 KiB: at a
// stop or past the deadline it is an error.
Result<std::vector<ManifestFile>> hash_files(const std::string& folder, const ReadingLimit& limit);
// On disk, synced, when it returns.
Result<void> write_manifest(const std::string& folder, const Manifest& manifest);
Result<Manifest> read_manifest(const std::string& folder);
// What the file, or the folder's list of names, holds now survives a power cut.
Result<void> sync_to_disk(const std::string& path);

}  // namespace backstay
