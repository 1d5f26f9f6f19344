#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::formats {

// One request, as a line of an access log tells it. The views point into that line.
struct AccessEvent {
  std::string_view method;
  std::string_view target;  // path and query, as it was asked for
  int status = 0;
  std::uint64_t response_bytes = 0;
  std::optional<double> duration_seconds;  // where the format has it
};

// Why a line is no request. Each has a series of its own in backstay_log_lines_rejected_total.
enum class RejectReason {
  empty,
  too_long,            // over kLineBytesMax
  control_characters,  // a NUL or the like: the file was damaged
  no_time,             // no [time]
  no_request,          // no quoted request
  bad_request_line,    // the client spoke no HTTP: there is no method
  bad_status,
};
inline constexpr std::size_t kRejectReasons = 7;
std::string_view to_string(RejectReason reason);

// What is longer is no line of an access log: nginx and Apache limit a request's head to 8–32 KiB.
inline constexpr std::size_t kLineBytesMax = 64 * 1024;

}  // namespace backstay::formats
