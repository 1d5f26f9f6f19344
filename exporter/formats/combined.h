#pragma once

#include <string_view>
#include <variant>

#include "exporter/formats/access_event.h"

namespace backstay::formats {

// The combined log format of nginx and Apache, and what usually follows it:
//   ADDR - USER [TIME] "METHOD TARGET HTTP/1.1" STATUS BYTES "REFERER" "AGENT" [0.012 | rt=0.012 …]
// // The request's seconds are the value of rt=, in quotes or without, else the first bare number
// with a fraction behind the agent; a whole number may be anything and is passed over. Quotes
// inside a quoted field are escaped as \" (Apache) or \x22 (nginx). No allocation; any bytes may
// come. https://nginx.org/en/docs/http/ngx_http_log_module.html
std::variant<AccessEvent, RejectReason> parse_combined(std::string_view line);

}  // namespace backstay::formats
