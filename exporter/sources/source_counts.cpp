#include "exporter/sources/source_counts.h"

namespace backstay::sources {

void LineCounts::take(const formats::Parsed& parsed) {
  ++lines;
  if (const auto* reason = std::get_if<formats::RejectReason>(&parsed)) {
    ++rejected[static_cast<std::size_t>(*reason)];
  } else if (const auto* event = std::get_if<formats::AccessEvent>(&parsed)) {
    if (event->in_flight) in_flight = event->in_flight;
  }
}

void LineCounts::take_too_long() {
  ++lines;
  ++rejected[static_cast<std::size_t>(formats::RejectReason::too_long)];
}

void LineCounts::merge(const LineCounts& other) {
  lines += other.lines;
  for (std::size_t i = 0; i < rejected.size(); ++i) rejected[i] += other.rejected[i];
  if (other.in_flight) in_flight = other.in_flight;
}

void LineCounts::save(RecordWriter& to) const {
  to.number(lines);
  for (const std::uint64_t count : rejected) to.number(count);
}

void LineCounts::load(RecordReader& from) {
  lines = from.number();
  for (std::uint64_t& count : rejected) count = from.number();
}

void FileCounts::save(RecordWriter& to) const {
  to.number(rotations);
  to.number(truncations);
  to.number(lines_too_long);
  to.number(files_lost);
}

void FileCounts::load(RecordReader& from) {
  rotations = from.number();
  truncations = from.number();
  lines_too_long = from.number();
  files_lost = from.number();
}

FileCounts SourceCounts::all_files() const {
  return {files_before.rotations + files.rotations, files_before.truncations + files.truncations,
          files_before.lines_too_long + files.lines_too_long,
          files_before.files_lost + files.files_lost};
}

void SourceCounts::save(RecordWriter& to) const {
  to.text(name);
  lines.save(to);
  all_files().save(to);
  sources::save(places, to);
}

void SourceCounts::load(RecordReader& from) {
  lines.load(from);
  files_before.load(from);
  places = load_places(from);
}

}  // namespace backstay::sources
