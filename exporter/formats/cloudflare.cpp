#include "exporter/formats/cloudflare.h"

#include "exporter/formats/field_number.h"
#include "exporter/formats/field_time.h"
#include "exporter/formats/json_event.h"

namespace backstay::formats {

using Role = FieldRole;

namespace {

std::optional<double> duration_seconds(const JsonValues& values) {
  const auto start = parse_time(values.text(Role::start_time));
  const auto end = parse_time(values.text(Role::time));
  if (start && end && (start->is_exact || end->is_exact)) {
    const double seconds = static_cast<double>(end->unix_ns - start->unix_ns) / 1e9;
    if (seconds >= 0 && seconds < kDurationSecondsMax) return seconds;
  }
  return parse_duration(values.text(Role::first_byte_ms), 1e3);
}

}  // namespace

Cloudflare::Cloudflare()
    : reader_({
          {Role::method, "ClientRequestMethod"},
          {Role::target, "ClientRequestURI"},
          {Role::target, "ClientRequestPath"},
          {Role::status, "EdgeResponseStatus"},
          {Role::request_bytes, "ClientRequestBytes"},
          {Role::response_bytes, "EdgeResponseBytes"},
          {Role::start_time, "EdgeStartTimestamp"},
          {Role::time, "EdgeEndTimestamp"},
          {Role::first_byte_ms, "EdgeTimeToFirstByteMs"},
          {Role::request_id, "RayID"},
      }) {}

Parsed Cloudflare::parse(std::string_view line) {
  if (const auto reason = reader_.read(line)) return *reason;
  Parsed parsed = event_or_message(reader_.values());
  if (auto* event = std::get_if<AccessEvent>(&parsed)) {
    event->duration_seconds = duration_seconds(reader_.values());
  }
  return parsed;
}

}  // namespace backstay::formats
