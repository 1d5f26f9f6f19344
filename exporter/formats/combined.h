#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "exporter/formats/parser.h"

namespace backstay::formats {

class LineQuotes;

// The combined log format of nginx and Apache, and what usually follows it:
//   ADDR - USER [TIME] "METHOD TARGET HTTP/1.1" STATUS BYTES "REFERER" "AGENT" [0.012 | rt=0.012 …]
// Behind the agent, in any order, with their values in quotes or without:
//   rt=           the request's seconds; without it the first bare number that has a fraction
//   rid=, request_id=   the request's id
//   rl=           the request's length in bytes
// A bare whole number may be anything and is passed over, and so are the times of upstreams: uct=,
// uht=, urt=, which may be lists. Quotes inside a quoted field are escaped as \" (Apache) or \x22
// (nginx). No allocation; any bytes may come.
// https://nginx.org/en/docs/http/ngx_http_log_module.html
class Combined final : public Parser {
 public:
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  std::optional<RejectReason> read(std::string_view line, AccessEvent& event);
  std::optional<RejectReason> read_fields(LineQuotes& quotes, std::string_view line,
                                          AccessEvent& event);
  std::optional<std::int64_t> time_ms(std::string_view time);

  // Many lines are of one second: its text as nginx and Apache write it, and what that came to.
  static constexpr std::size_t kTimeBytes = std::string_view("23/Nov/2026:08:13:04 +0000").size();
  std::array<char, kTimeBytes> second_{};
  std::int64_t second_ms_ = 0;
};

}  // namespace backstay::formats
