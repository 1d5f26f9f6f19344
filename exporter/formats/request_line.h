#pragma once

#include <string_view>

#include "exporter/formats/access_event.h"

namespace backstay::formats {

// "GET /path HTTP/1.1", as logs of every kind have it, into the event's method and target; HTTP/0.9
// has no version. False where the client spoke no HTTP.
bool parse_request_line(std::string_view request, AccessEvent& event);

// GET, PROPFIND, VERSION-CONTROL …: what a method may look like.
bool is_method(std::string_view text);

}  // namespace backstay::formats
