#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "exporter/formats/formats.h"

namespace backstay::formats {

// A parser of one format, with the lines given to it kept as long as itself: an event points into
// its line.
class FormatLines {
 public:
  explicit FormatLines(const std::string& format, const JsonFields& fields = {})
      : parser_(make_parser(format, fields)) {}

  Parsed parse(std::string_view line) {
    line_ = std::string(line) + std::string(kReadableBeyond, '"');
    return parser_->parse(std::string_view(line_.data(), line.size()));
  }
  AccessEvent event(std::string_view line) {
    const Parsed parsed = parse(line);
    if (const auto* event = std::get_if<AccessEvent>(&parsed)) return *event;
    ADD_FAILURE() << line << ": " << name_of(parsed);
    return {};
  }
  LogMessage message(std::string_view line) {
    const Parsed parsed = parse(line);
    if (const auto* message = std::get_if<LogMessage>(&parsed)) return *message;
    ADD_FAILURE() << line << ": " << name_of(parsed);
    return {};
  }
  // "event", "message", or the reason.
  std::string outcome(std::string_view line) { return name_of(parse(line)); }

 private:
  static std::string name_of(const Parsed& parsed) {
    if (std::holds_alternative<AccessEvent>(parsed)) return "event";
    if (std::holds_alternative<LogMessage>(parsed)) return "message";
    return std::string(to_string(std::get<RejectReason>(parsed)));
  }

  std::unique_ptr<Parser> parser_;
  std::string line_;
};

}  // namespace backstay::formats
