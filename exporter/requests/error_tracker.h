#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/record.h"
#include "exporter/formats/access_event.h"
#include "exporter/metrics/family.h"
#include "exporter/requests/fingerprint.h"
#include "exporter/requests/tracked_error.h"

namespace backstay::requests {

struct ErrorLimits {
  std::size_t errors_max = 500;        // then the one that was not seen for longest is forgotten
  std::size_t remembered_max = 10000;  // fingerprints of forgotten ones: they are not new again
  std::int64_t age_max_ms = std::int64_t{7} * 24 * 60 * 60 * 1000;  // then it is forgotten
  std::int64_t sample_ms = 60 * 1000;  // a sample is taken anew at most that often
};

// Errors by their fingerprint, in bounded memory:
//   errors_total{category, severity}      never goes back, whatever is forgotten
//   errors_new_total{category, severity}  the first of a fingerprint that is neither tracked nor
//                                         among the remembered_max that were forgotten last
//   backstay_errors_tracked, backstay_errors_forgotten_total
// Both severities and all categories are those of error_category.h; a label set is there once it
// was seen. Samples are redacted before they are kept: no secret is in memory, on disk or shown.
//
// It has no clock: all times come in, in milliseconds since 1970. One of an event that lies in the
// future or more than age_max_ms back is not believed, and now is taken. Costs nothing to make. Not
// thread-safe.
class ErrorTracker {
 public:
  explicit ErrorTracker(ErrorLimits limits = {}) : limits_(limits) {}

  // A request that was answered 5xx; others are passed over.
  void observe(const formats::AccessEvent& event, std::string_view route, std::int64_t now_ms);
  // A message of the level error or worse, or with a stack and without any level; others are passed
  // over.
  void observe(const formats::LogMessage& message, std::int64_t now_ms);
  // As if all that the other has observed had been observed here, save for what the other has
  // forgotten by itself: that is in the counters alone.
  void merge(const ErrorTracker& other);
  // Forgets what has not been seen for age_max_ms. observe() does so, too, once a minute: for those
  // who show the gauge when nothing is observed.
  void forget_old(std::int64_t now_ms);

  [[nodiscard]] metrics::Families families() const;
  // What GET /errors answers: {"errors": […]}, last seen first. error_report.cpp
  [[nodiscard]] std::string to_json(std::int64_t now_ms) const;

  // error_state.cpp
  void save(RecordWriter& to) const;
  // False where the record is damaged: then it is empty. The limits stay those of this one.
  bool load(RecordReader& from);

 private:
  template <typename T>
  using PerLabels = std::array<std::array<T, kErrorSeverities>, kErrorCategories>;
  struct Forgotten {
    std::uint64_t fingerprint = 0;
    ErrorCategory category = ErrorCategory::application;
    ErrorSeverity severity = ErrorSeverity::error;
  };

  TrackedError* find(std::uint64_t fingerprint);
  [[nodiscard]] bool is_known(std::uint64_t fingerprint) const;
  [[nodiscard]] bool needs_sample(const TrackedError& error, std::int64_t now_ms) const;
  [[nodiscard]] std::int64_t believed(std::optional<std::int64_t> time_ms,
                                      std::int64_t now_ms) const;
  void count(TrackedError& error, ErrorSeverity severity, std::int64_t time_ms);
  void count_new(std::uint64_t fingerprint, ErrorCategory category, ErrorSeverity severity);
  void combine(TrackedError& error, const TrackedError& other) const;
  void insert(TrackedError error);
  void forget(std::size_t place);
  void forget_beyond_limit();
  [[nodiscard]] std::size_t oldest() const;
  void remember(const Forgotten& error);
  bool load_body(RecordReader& from);
  bool load_error(RecordReader& from);

  ErrorLimits limits_;
  Fingerprinter fingerprinter_;
  std::vector<TrackedError> errors_;
  std::unordered_map<std::uint64_t, std::size_t> index_;  // fingerprint → place in errors_
  std::vector<Forgotten> remembered_;                     // a ring, once it is full
  std::size_t remembered_oldest_ = 0;
  std::unordered_set<std::uint64_t> remembered_fingerprints_;
  PerLabels<std::uint64_t> total_{};
  PerLabels<std::uint64_t> new_{};
  std::uint64_t forgotten_ = 0;
  std::int64_t aged_ms_ = 0;
};

}  // namespace backstay::requests
