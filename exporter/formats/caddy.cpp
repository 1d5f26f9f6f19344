#include "exporter/formats/caddy.h"

#include "exporter/formats/json_event.h"

namespace backstay::formats {

using Role = FieldRole;

Caddy::Caddy()
    : reader_({
          {Role::method, "request.method"},
          {Role::target, "request.uri"},
          {Role::status, "status"},
          {Role::request_bytes, "bytes_read"},
          {Role::response_bytes, "size"},
          {Role::duration_s, "duration"},
          {Role::time, "ts"},
          {Role::request_id, "request.headers.X-Request-Id"},
          {Role::request_id, "uuid"},
          {Role::level, "level"},
          {Role::message, "msg"},
          {Role::message, "error"},
          {Role::stack, "stacktrace"},
      }) {}

Parsed Caddy::parse(std::string_view line) {
  if (const auto reason = reader_.read(line)) return *reason;
  return event_or_message(reader_.values());
}

}  // namespace backstay::formats
