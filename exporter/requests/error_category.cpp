#include "exporter/requests/error_category.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace backstay::requests {
namespace {

constexpr std::array<std::string_view, kErrorCategories> kCategories{
    "http", "resource", "database", "timeout", "network", "application"};
constexpr std::array<std::string_view, kErrorSeverities> kSeverities{"error", "critical"};

// What tells all may stand in the first lines.
constexpr std::size_t kReadBytesMax = 1024;

// In lower case, anywhere in the text.
const std::vector<std::pair<ErrorCategory, std::vector<std::string_view>>>& words() {
  static const std::vector<std::pair<ErrorCategory, std::vector<std::string_view>>> all{
      {ErrorCategory::resource,
       {"out of memory", "outofmemory", "memoryerror", "memory exhausted", "allowed memory size",
        "cannot allocate memory", "enomem", "no space left", "enospc", "disk full", "disk quota",
        "too many open files", "emfile", "no file descriptors", "stack overflow", "stackoverflow"}},
      {ErrorCategory::database,
       {"sql",
        "postgres",
        "psycopg",
        "database",
        "deadlock",
        "duplicate key",
        "foreign key",
        "unique constraint",
        "constraint violation",
        "integrityerror",
        "operationalerror",
        "statement timeout",
        "activerecord",
        "pg::",
        "pgx",
        "pgerror",
        "hikari",
        "queuepool",
        "connection pool",
        "jdbc",
        "hibernate",
        "prisma",
        "sequelize",
        "mongo",
        "rediserror",
        "redis.exceptions",
        "redisconnection",
        "redis::",
        "ora-0",
        "npgsql",
        "too many connections",
        "too many clients",
        "violates "}},
      {ErrorCategory::timeout,
       {"timeout", "timed out", "time out", "etimedout", "deadline exceeded", "time limit"}},
      {ErrorCategory::network,
       {"econnrefused",
        "econnreset",
        "econnaborted",
        "enotfound",
        "ehostunreach",
        "enetunreach",
        "eai_again",
        "epipe",
        "connection refused",
        "connection reset",
        "connection closed",
        "connection aborted",
        "connectionerror",
        "connectexception",
        "broken pipe",
        "no such host",
        "no route to host",
        "name resolution",
        "name or service not known",
        "getaddrinfo",
        "unknownhost",
        "unreachable",
        "socket",
        "network",
        "dns ",
        "handshake",
        "certificate",
        "ssl",
        "tls:",
        "bad gateway",
        "fetch failed",
        "unexpected eof"}},
  };
  return all;
}

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view one) {
    return one.size() == word.size() &&
           std::equal(one.begin(), one.end(), word.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
  });
}

constexpr std::array<std::string_view, 5> kErrors{"error", "err", "severe", "e", "failure"};
constexpr std::array<std::string_view, 10> kCriticals{
    "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic", "dpanic", "f", "c"};

}  // namespace

std::string_view to_string(ErrorCategory category) {
  return kCategories.at(static_cast<std::size_t>(category));
}

std::string_view to_string(ErrorSeverity severity) {
  return kSeverities.at(static_cast<std::size_t>(severity));
}

ErrorCategory category_of(std::string_view type, std::string_view message) {
  const std::string text =
      lower(type.substr(0, kReadBytesMax)) + ' ' + lower(message.substr(0, kReadBytesMax));
  for (const auto& [category, all] : words()) {
    for (const std::string_view word : all) {
      if (text.find(word) != std::string::npos) return category;
    }
  }
  return ErrorCategory::application;
}

std::optional<ErrorSeverity> severity_of(std::string_view level) {
  if (is_one_of(kErrors, level)) return ErrorSeverity::error;
  if (is_one_of(kCriticals, level)) return ErrorSeverity::critical;
  int number = 0;
  const auto [end, failed] = std::from_chars(level.data(), level.data() + level.size(), number);
  if (failed != std::errc() || end != level.data() + level.size()) return std::nullopt;
  if ((number >= 50 && number < 60) || (number >= 400 && number < 500)) return ErrorSeverity::error;
  if ((number >= 60 && number < 100) || (number >= 500 && number < 700)) {
    return ErrorSeverity::critical;
  }
  return std::nullopt;
}

}  // namespace backstay::requests
