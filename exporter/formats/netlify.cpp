#include "exporter/formats/netlify.h"

#include "exporter/formats/json_event.h"

namespace backstay::formats {

using Role = FieldRole;

Netlify::Netlify()
    : reader_({
          {Role::kind, "log_type"},
          {Role::method, "method"},
          {Role::target, "url"},
          {Role::status, "status_code"},
          {Role::request_bytes, "request_size"},
          {Role::response_bytes, "response_size"},
          {Role::duration_ms, "duration"},
          {Role::time, "timestamp"},
          {Role::request_id, "request_id"},
          {Role::level, "level"},
          {Role::message, "message"},
      }) {}

Parsed Netlify::parse(std::string_view line) {
  if (const auto reason = reader_.read(line)) return *reason;
  const JsonValues& values = reader_.values();
  if (values.text(Role::kind) == "traffic") return event_or_message(values);
  return message_or(values, RejectReason::no_request);
}

}  // namespace backstay::formats
