#include "exporter/formats/traefik.h"

#include "exporter/formats/json_event.h"

namespace backstay::formats {

using Role = FieldRole;

Traefik::Traefik()
    : reader_({
          {Role::method, "RequestMethod"},
          {Role::target, "RequestPath"},
          {Role::route, "RouterName"},
          {Role::status, "DownstreamStatus"},
          {Role::request_bytes, "RequestContentSize"},
          {Role::response_bytes, "DownstreamContentSize"},
          {Role::duration_ns, "Duration"},
          {Role::time, "time"},
          {Role::time, "StartUTC"},
          {Role::request_id, "request_X-Request-Id"},
          {Role::level, "level"},
          {Role::message, "msg"},
          {Role::message, "message"},
          {Role::message, "error"},
      }) {}

Parsed Traefik::parse(std::string_view line) {
  if (const auto reason = reader_.read(line)) return *reason;
  return event_or_message(reader_.values());
}

}  // namespace backstay::formats
