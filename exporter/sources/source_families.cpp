#include "exporter/sources/source_families.h"

#include <string>

namespace backstay::sources {
namespace {

using metrics::Family;
using metrics::Type;

struct OfFiles {
  const char* name;
  Type type;
  const char* help;
  double (*value)(const SourceCounts&);
};

template <auto kMember>
double in_all(const SourceCounts& source) {
  return static_cast<double>(source.all_files().*kMember);
}

template <auto kMember>
double now(const SourceCounts& source) {
  return static_cast<double>(source.files.*kMember);
}

constexpr OfFiles kOfFiles[]{
    {"backstay_log_rotations_total", Type::counter, "Times that another file stood at the path.",
     in_all<&FileCounts::rotations>},
    {"backstay_log_truncations_total", Type::counter,
     "Times that a file was begun anew: what was written before and not read yet is lost.",
     in_all<&FileCounts::truncations>},
    {"backstay_log_files_lost_total", Type::counter,
     "Files that were gone before they were read to their end: compressed or deleted while the "
     "exporter was down.",
     in_all<&FileCounts::files_lost>},
    {"backstay_log_files_open", Type::gauge, "Files that are being followed.",
     now<&LogFilesCounters::files_open>},
    {"backstay_log_files_refused", Type::gauge,
     "Files that match and are not followed, because too many are.",
     now<&LogFilesCounters::files_refused>},
    {"backstay_log_lag_bytes", Type::gauge, "Bytes written and not read yet.",
     now<&LogFilesCounters::lag_bytes>},
    {"backstay_log_readable", Type::gauge,
     "1 while there is a file, and all that match can be read.",
     now<&LogFilesCounters::is_readable>},
};

Family lines_of(const std::vector<SourceCounts>& sources) {
  Family family{
      "backstay_log_lines_total", "Lines read, rejected ones included.", Type::counter, {}};
  for (const SourceCounts& source : sources) {
    family.samples.push_back(
        {{{"source", source.name}},
         static_cast<double>(source.lines.lines + source.all_files().lines_too_long),
         {}});
  }
  return family;
}

Family rejected_of(const std::vector<SourceCounts>& sources) {
  Family family{"backstay_log_lines_rejected_total",
                "Lines that say nothing of a request or an error, by reason.",
                Type::counter,
                {}};
  for (const SourceCounts& source : sources) {
    for (std::size_t i = 0; i < formats::kRejectReasons; ++i) {
      const auto reason = static_cast<formats::RejectReason>(i);
      std::uint64_t count = source.lines.rejected[i];
      if (reason == formats::RejectReason::too_long) count += source.all_files().lines_too_long;
      family.samples.push_back(
          {{{"source", source.name}, {"reason", std::string(to_string(reason))}},
           static_cast<double>(count),
           {}});
    }
  }
  return family;
}

Family in_flight_of(const std::vector<SourceCounts>& sources) {
  Family family{"http_server_active_requests",
                "Requests in flight, as the source's last line says.",
                Type::gauge,
                {}};
  for (const SourceCounts& source : sources) {
    if (!source.lines.in_flight) continue;
    family.samples.push_back(
        {{{"source", source.name}}, static_cast<double>(*source.lines.in_flight), {}});
  }
  return family;
}

Family lag_of(const std::vector<SourceCounts>& sources, std::int64_t now_ms) {
  Family family{"backstay_log_lag_seconds",
                "How long ago everything that was written had been read; 0 while it is.",
                Type::gauge,
                {}};
  for (const SourceCounts& source : sources) {
    if (!source.is_file || source.files.caught_up_ms == 0) continue;
    const bool is_behind = source.files.lag_bytes > 0;
    const double seconds =
        is_behind ? static_cast<double>(now_ms - source.files.caught_up_ms) / 1000 : 0;
    family.samples.push_back({{{"source", source.name}}, seconds, {}});
  }
  return family;
}

}  // namespace

metrics::Families families_of(const std::vector<SourceCounts>& sources, std::int64_t now_ms) {
  metrics::Families families{lines_of(sources), rejected_of(sources), in_flight_of(sources),
                             lag_of(sources, now_ms)};
  for (const OfFiles& each : kOfFiles) {
    Family family{each.name, each.help, each.type, {}};
    for (const SourceCounts& source : sources) {
      if (!source.is_file) continue;
      family.samples.push_back({{{"source", source.name}}, each.value(source), {}});
    }
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace backstay::sources
