#include "exporter/formats/request_line.h"

namespace backstay::formats {

bool is_method(std::string_view text) {
  for (char c : text) {
    if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_') return false;
  }
  return !text.empty() && text.size() <= 32;
}

bool parse_request_line(std::string_view request, AccessEvent& event) {
  const std::size_t space = request.find(' ');
  if (space == std::string_view::npos) return false;
  event.method = request.substr(0, space);
  std::string_view target = request.substr(space + 1);
  const std::size_t last = target.rfind(' ');
  if (last != std::string_view::npos && target.substr(last + 1, 5) == "HTTP/") {
    target = target.substr(0, last);
  }
  event.target = target;
  return is_method(event.method) && !target.empty();
}

}  // namespace backstay::formats
