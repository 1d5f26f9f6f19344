#include "receiver/intake/unserved.h"

namespace backstay::intake {

std::string_view to_string(Unserved reason) {
  switch (reason) {
    case Unserved::head_too_large:
      return "head_too_large";
    case Unserved::line_too_long:
      return "line_too_long";
    case Unserved::malformed:
      return "malformed";
    case Unserved::method:
      return "method";
    case Unserved::body_length:
      return "body_length";
    case Unserved::body_broken:
      return "body_broken";
    case Unserved::form:
      break;
  }
  return "form";
}

std::optional<Unserved> why_without_head(const ConnectionStream& stream) {
  if (stream.has_broken_off()) return std::nullopt;
  if (stream.is_out_of_bytes()) return Unserved::head_too_large;
  // With its end, which is not counted there.
  if (stream.longest_line() + 1 > kLineBytesMax) return Unserved::line_too_long;
  return Unserved::malformed;
}

}  // namespace backstay::intake
