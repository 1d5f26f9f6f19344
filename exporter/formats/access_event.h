#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace backstay::formats {

// One request, as a line of an access log tells it. What the format does not have, or the line does
// not say, is empty. The views point into the line or into the parser, until its next line.
struct AccessEvent {
  std::string_view method;
  std::string_view target;  // path and query, or a whole URL, as it was asked for
  std::string_view route;   // where the source names it itself: a template, a router
  int status = 0;           // 100 – 599
  std::optional<std::uint64_t> request_bytes;
  std::optional<std::uint64_t> response_bytes;
  std::optional<double> duration_seconds;
  std::optional<std::int64_t> time_ms;     // when it was answered or logged, since 1970
  std::optional<std::uint32_t> in_flight;  // requests at that moment, this one included
  std::string_view request_id;
};

// What a service says in its JSON log beside requests: only what may be an error is of use.
struct LogMessage {
  std::string_view level;  // as it was written: error, ERROR, 50 …
  std::string_view message;
  std::string_view stack;
  std::optional<std::int64_t> time_ms;
  std::string_view request_id;
};

// Why a line is neither. Each has a series of its own in backstay_log_lines_rejected_total.
enum class RejectReason {
  empty,
  too_long,            // over kLineBytesMax
  control_characters,  // a NUL or the like: the file was damaged
  no_time,             // no [time]
  no_request,          // no quoted request, or no field for it
  bad_request_line,    // the client spoke no HTTP: there is no method
  bad_status,
  not_json,   // no JSON object
  bad_field,  // a field of another type than the format has
};
inline constexpr std::size_t kRejectReasons = 9;
std::string_view to_string(RejectReason reason);

using Parsed = std::variant<AccessEvent, LogMessage, RejectReason>;

// What is longer is no line of a log: nginx and Apache limit a request's head to 8–32 KiB.
inline constexpr std::size_t kLineBytesMax = 64 * 1024;

}  // namespace backstay::formats
