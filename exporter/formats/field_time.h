#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::formats {

struct FieldTime {
  std::int64_t unix_ns = 0;
  bool is_exact = false;  // finer than whole seconds
  [[nodiscard]] std::int64_t unix_ms() const { return unix_ns / 1'000'000; }
};

// A point in time as logs write it, whatever the locale and the zone of this machine are:
//   2026-11-23T08:13:04.123456+01:00   RFC 3339 with any fraction; a blank for the T, no zone: UTC
//   23/Nov/2026:08:13:04 +0100         as nginx and Apache have it
//   1795421584.123                     since 1970: seconds, ms, us or ns, by how large it is
std::optional<FieldTime> parse_time(std::string_view text);

// "23/Nov/2026:08:13:04", and what may follow: ".655", " +0100". Without a zone it is read as UTC.
std::optional<FieldTime> parse_clf_time(std::string_view text);

// Days of the civil calendar from 1970-01-01 on.
// http://howardhinnant.github.io/date_algorithms.html
std::int64_t days_since_1970(int year, int month, int day);

}  // namespace backstay::formats
