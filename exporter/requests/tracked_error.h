#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/formats/access_event.h"
#include "exporter/requests/error_category.h"

namespace backstay::requests {

// One of the times that an error happened, as people may see it: redacted, then cut, and valid
// UTF-8. The target of a request is not kept: its path and query are where people's tokens are, and
// the route says the rest.
struct ErrorSample {
  std::int64_t taken_ms = 0;  // by our clock
  std::string method;
  std::string route;
  int status = 0;  // 0: a message
  std::optional<double> duration_seconds;
  std::string level;
  std::string message;
  std::string stack;
  std::string request_id;
};

// What is known of all errors with one fingerprint. Plain data.
struct TrackedError {
  std::uint64_t fingerprint = 0;
  ErrorCategory category = ErrorCategory::application;
  ErrorSeverity first_severity = ErrorSeverity::error;
  ErrorSeverity severity = ErrorSeverity::error;  // the worst
  std::uint64_t count = 0;
  std::int64_t first_seen_ms = 0;
  std::int64_t last_seen_ms = 0;
  std::string title;
  ErrorSample sample;
};

inline constexpr std::size_t kErrorTitleBytesMax = 256;
inline constexpr std::size_t kErrorMessageBytesMax = 1024;
inline constexpr std::size_t kErrorStackBytesMax = 4096;
inline constexpr std::size_t kErrorNameBytesMax =
    128;  // a method, a route, a level, a request's id

ErrorSample sample_of(const formats::AccessEvent& event, std::string_view method,
                      std::string_view route, std::int64_t now_ms);
// A message without its secrets, not cut yet.
struct RedactedMessage {
  explicit RedactedMessage(const formats::LogMessage& message);

  const formats::LogMessage& original;
  std::string message;
  std::string stack;
};
ErrorSample sample_of(const RedactedMessage& message, std::int64_t now_ms);
// One line, folded: what is folded is not known as a secret any more, so it is redacted first.
std::string title_of(const RedactedMessage& message);

// Redacted, valid UTF-8, at most that many bytes, and where it was cut "…" at its end.
std::string shown(std::string_view text, std::size_t bytes_max);

}  // namespace backstay::requests
