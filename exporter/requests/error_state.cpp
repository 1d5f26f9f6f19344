#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "exporter/requests/error_tracker.h"

// What is kept of the errors: a text and its XXH3, which shows any damage. In the text: the
// version, the counters, the errors, and those that are only remembered, the oldest first.
namespace backstay::requests {
namespace {

constexpr std::uint64_t kVersion = 1;
// At least so many bytes has each of them.
constexpr std::size_t kErrorBytes = 16 * 8;
constexpr std::size_t kForgottenBytes = 3 * 8;
// The end of the year 9999: no time behind it can be written.
constexpr std::int64_t kTimeMaxMs = 253402300799999;

std::uint64_t checksum(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

template <typename Enum>
bool read(RecordReader& from, std::size_t count, Enum& value) {
  const std::uint64_t number = from.number();
  if (number >= count) return false;
  value = static_cast<Enum>(number);
  return true;
}

bool read_time(RecordReader& from, std::int64_t& time_ms) {
  const std::uint64_t number = from.number();
  time_ms = static_cast<std::int64_t>(number);
  return number <= static_cast<std::uint64_t>(kTimeMaxMs);
}

void write_sample(RecordWriter& to, const ErrorSample& sample) {
  to.number(static_cast<std::uint64_t>(sample.taken_ms));
  to.number(static_cast<std::uint64_t>(sample.status));
  to.number(sample.duration_seconds ? 1 : 0);
  to.real(sample.duration_seconds.value_or(0));
  for (const std::string* text : {&sample.method, &sample.route, &sample.level, &sample.message,
                                  &sample.stack, &sample.request_id}) {
    to.text(*text);
  }
}

bool read_sample(RecordReader& from, ErrorSample& sample) {
  const bool is_time = read_time(from, sample.taken_ms);
  const std::uint64_t status = from.number();
  sample.status = static_cast<int>(status);
  const std::uint64_t has_duration = from.number();
  const double seconds = from.real();
  if (has_duration == 1) sample.duration_seconds = seconds;
  for (std::string* text : {&sample.method, &sample.route, &sample.level, &sample.message,
                            &sample.stack, &sample.request_id}) {
    *text = from.text();
  }
  return is_time && status < 600 && has_duration <= 1;
}

}  // namespace

void ErrorTracker::save(RecordWriter& to) const {
  RecordWriter body;
  body.number(kVersion);
  for (const auto* counters : {&total_, &new_}) {
    for (const auto& of_category : *counters) {
      for (const std::uint64_t value : of_category) body.number(value);
    }
  }
  body.number(forgotten_);
  body.number(errors_.size());
  for (const TrackedError& error : errors_) {
    body.number(error.fingerprint);
    body.number(static_cast<std::uint64_t>(error.category));
    body.number(static_cast<std::uint64_t>(error.first_severity));
    body.number(static_cast<std::uint64_t>(error.severity));
    body.number(error.count);
    body.number(static_cast<std::uint64_t>(error.first_seen_ms));
    body.number(static_cast<std::uint64_t>(error.last_seen_ms));
    body.text(error.title);
    write_sample(body, error.sample);
  }
  body.number(remembered_.size());
  for (std::size_t i = 0; i < remembered_.size(); ++i) {
    const Forgotten& error = remembered_[(remembered_oldest_ + i) % remembered_.size()];
    body.number(error.fingerprint);
    body.number(static_cast<std::uint64_t>(error.category));
    body.number(static_cast<std::uint64_t>(error.severity));
  }
  const std::string text = std::move(body).take();
  to.text(text);
  to.number(checksum(text));
}

bool ErrorTracker::load_error(RecordReader& from) {
  TrackedError error;
  error.fingerprint = from.number();
  if (!read(from, kErrorCategories, error.category) ||
      !read(from, kErrorSeverities, error.first_severity) ||
      !read(from, kErrorSeverities, error.severity)) {
    return false;
  }
  error.count = from.number();
  const bool is_first_time = read_time(from, error.first_seen_ms);
  const bool is_last_time = read_time(from, error.last_seen_ms);
  error.title = from.text();
  if (!read_sample(from, error.sample) || !is_first_time || !is_last_time) return false;
  if (index_.count(error.fingerprint) > 0) return false;
  index_.emplace(error.fingerprint, errors_.size());
  errors_.push_back(std::move(error));
  return true;
}

bool ErrorTracker::load_body(RecordReader& from) {
  if (from.number() != kVersion) return false;
  for (auto* counters : {&total_, &new_}) {
    for (auto& of_category : *counters) {
      for (std::uint64_t& value : of_category) value = from.number();
    }
  }
  forgotten_ = from.number();
  for (std::size_t left = from.count(kErrorBytes); left > 0; --left) {
    if (!load_error(from)) return false;
  }
  for (std::size_t left = from.count(kForgottenBytes); left > 0; --left) {
    Forgotten error;
    error.fingerprint = from.number();
    if (!read(from, kErrorCategories, error.category) ||
        !read(from, kErrorSeverities, error.severity)) {
      return false;
    }
    remember(error);
  }
  return from.is_good() && from.is_at_end();
}

bool ErrorTracker::load(RecordReader& from) {
  *this = ErrorTracker(limits_);
  const std::string_view text = from.text();
  const std::uint64_t expected = from.number();
  RecordReader body(text);
  if (!from.is_good() || checksum(text) != expected || !load_body(body)) {
    *this = ErrorTracker(limits_);
    return false;
  }
  forget_beyond_limit();
  return true;
}

}  // namespace backstay::requests
