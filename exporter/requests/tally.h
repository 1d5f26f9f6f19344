#pragma once

#include <cstdint>
#include <memory>

#include "base/record.h"
#include "exporter/formats/access_event.h"
#include "exporter/requests/error_tracker.h"
#include "exporter/requests/request_counts.h"

namespace backstay::requests {

// What lines have become: requests and errors. A plain value of bounded size, so that what a batch
// has become can be added to what all has. Not thread-safe.
class Tally {
 public:
  Tally(std::shared_ptr<const RequestOptions> options, RequestCounts::Learning learning)
      : requests_(std::move(options), learning) {}

  // What a line was read as; a rejected one is nothing.
  void take(const formats::Parsed& parsed, std::int64_t now_ms);
  void merge(const Tally& other);
  // To be called every minute or so: lets go of what is too old to be shown.
  void tidy(std::int64_t now_ms);

  [[nodiscard]] const RequestCounts& requests() const { return requests_; }
  [[nodiscard]] const ErrorTracker& errors() const { return errors_; }

  void save(RecordWriter& to) const;
  // False where the record is damaged: then it is empty.
  bool load(RecordReader& from);
  void clear();

 private:
  RequestCounts requests_;
  ErrorTracker errors_;
};

}  // namespace backstay::requests
