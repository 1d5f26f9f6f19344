#include "base/log.h"

#include <array>
#include <cstdio>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "base/utf8.h"

namespace backstay::log {
namespace {

Format& format_in_use() {
  static Format format = Format::logfmt;
  return format;
}

// The whole line is made here: spdlog brings the levels, the lock and the sink.
spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = []() {
    auto made = std::make_shared<spdlog::logger>("backstay",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

constexpr std::array<const char*, 4> kLevelNames{"debug", "info", "warn", "error"};

// In JSON as in quoted logfmt, control characters are escaped: a value can never begin a new line.
void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (const std::size_t length = control_length(value, i)) {
      i += length - 1;
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x",
                    static_cast<unsigned char>(value[i]));
      line += escaped.data();
    } else {
      if (value[i] == '"' || value[i] == '\\') line += '\\';
      line += value[i];
    }
  }
  line += '"';
}

bool needs_quotes(std::string_view value) {
  if (value.find_first_of(" \"\\=") != std::string_view::npos) return true;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (control_length(value, i) != 0) return true;
  }
  return value.empty();
}

void append_field(std::string& line, std::string_view key, std::string_view text) {
  const std::string value = valid_utf8(text);
  if (format_in_use() == Format::json) {
    line += line.empty() ? "{" : ",";
    append_quoted(line, key);
    line += ':';
    append_quoted(line, value);
    return;
  }
  if (!line.empty()) line += ' ';
  line += key;
  line += '=';
  if (needs_quotes(value)) {
    append_quoted(line, value);
  } else {
    line += value;
  }
}

void write(Level level, std::string_view message, Fields fields) {
  if (!logger().should_log(to_spdlog(level))) return;
  std::string line;
  append_field(line, "ts", format_rfc3339(SystemClock().now()));
  append_field(line, "level", kLevelNames[static_cast<std::size_t>(level)]);
  append_field(line, "msg", message);
  for (const Field& field : fields) append_field(line, field.key, field.value);
  if (format_in_use() == Format::json) line += '}';
  logger().log(to_spdlog(level), "{}", line);
}

}  // namespace

Level parse_level(std::string_view word) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (word == kLevelNames[i]) return static_cast<Level>(i);
  }
  return Level::info;
}

Format parse_format(std::string_view word) {
  return word == "json" ? Format::json : Format::logfmt;
}

void configure(Level level, Format format) {
  format_in_use() = format;
  logger().set_level(to_spdlog(level));
}

void debug(std::string_view message, Fields fields) { write(Level::debug, message, fields); }
void info(std::string_view message, Fields fields) { write(Level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(Level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(Level::error, message, fields); }

}  // namespace backstay::log
