#include "exporter/formats/request_line.h"

namespace backstay::formats {
namespace {

constexpr std::size_t kMethodBytesMax = 32;

// How many bytes at its front may be a method's.
std::size_t method_bytes(std::string_view text) {
  std::size_t bytes = 0;
  for (const char c : text) {
    if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_') break;
    ++bytes;
  }
  return bytes;
}

}  // namespace

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= kMethodBytesMax && method_bytes(text) == text.size();
}

bool parse_request_line(std::string_view request, AccessEvent& event) {
  const std::size_t space = method_bytes(request);
  if (space == 0 || space > kMethodBytesMax) return false;
  if (space == request.size() || request[space] != ' ') return false;
  event.method = request.substr(0, space);
  std::string_view target = request.substr(space + 1);
  const std::size_t last = target.rfind(' ');
  if (last != std::string_view::npos && target.substr(last + 1, 5) == "HTTP/") {
    target = target.substr(0, last);
  }
  event.target = target;
  return !target.empty();
}

}  // namespace backstay::formats
