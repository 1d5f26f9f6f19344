#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

// Structured logs on standard error: one line an event, logfmt or JSON. The names of the logging
// library appear only in log.cpp. Thread-safe.
namespace backstay::log {

enum class Level { debug, info, warn, error };
enum class Format { logfmt, json };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};
using Fields = std::initializer_list<Field>;

// The words of --log.level and --log.format; anything else is the default, info and logfmt.
Level parse_level(std::string_view word);
Format parse_format(std::string_view word);

// Called once by main before any thread starts. Without it: info, logfmt.
void configure(Level level, Format format);

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace backstay::log
