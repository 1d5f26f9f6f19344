#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace backstay::requests {

// What an error is about, for whoever is called: a closed set, for it is a label. Messages are
// judged by words in their type and text, the first of these that fits.
enum class ErrorCategory {
  http,         // a request that was answered 5xx
  resource,     // memory, disk, open files ran out
  database,     // SQL, a driver, a pool of connections, a deadlock, a constraint
  timeout,      // waited in vain for something else
  network,      // refused, reset, unreachable, not resolved, TLS
  application,  // all others
};
inline constexpr std::size_t kErrorCategories = 6;
std::string_view to_string(ErrorCategory category);

enum class ErrorSeverity { error, critical };
inline constexpr std::size_t kErrorSeverities = 2;
std::string_view to_string(ErrorSeverity severity);

// The category of a message, by its text and the type of its exception.
ErrorCategory category_of(std::string_view type, std::string_view message);

// error, err, severe, pino's and bunyan's 50, Monolog's 400: error. fatal, critical, alert,
// emergency, panic, 60, 500 and above: critical. Whatever the case. All that is less, warnings too,
// is no error. (Python's own numbers, 40 for an error, mean a warning to pino: they are not read.)
std::optional<ErrorSeverity> severity_of(std::string_view level);

}  // namespace backstay::requests
