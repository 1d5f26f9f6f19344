#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/record.h"
#include "exporter/formats/access_event.h"
#include "exporter/sources/file_place.h"
#include "exporter/sources/log_files.h"

namespace backstay::sources {

// What lines were, whatever they said.
struct LineCounts {
  std::uint64_t lines = 0;
  std::array<std::uint64_t, formats::kRejectReasons> rejected{};
  std::optional<std::uint32_t> in_flight;  // requests, as the last line says

  void take(const formats::Parsed& parsed);
  // One that was passed over for its length.
  void take_too_long();
  void merge(const LineCounts& other);
  void save(RecordWriter& to) const;
  void load(RecordReader& from);
};

// What following files met, of all runs of the exporter.
struct FileCounts {
  std::uint64_t rotations = 0;
  std::uint64_t truncations = 0;
  std::uint64_t lines_too_long = 0;
  std::uint64_t files_lost = 0;

  void save(RecordWriter& to) const;
  void load(RecordReader& from);
};

// One source of the configuration: how far it was read, and what was met. A plain value.
struct SourceCounts {
  std::string name;      // its path, its pattern, or the drain's name
  bool is_file = false;  // else a drain
  bool is_restored = false;
  LineCounts lines;
  FileCounts files_before;  // this run
  LogFilesCounters files;   // of this run
  std::vector<FilePlace> places;

  [[nodiscard]] FileCounts all_files() const;

  void save(RecordWriter& to) const;
  // The name has been read already.
  void load(RecordReader& from);
};

}  // namespace backstay::sources
