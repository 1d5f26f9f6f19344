#include "exporter/formats/json.h"

#include <algorithm>
#include <array>

#include "exporter/formats/formats.h"
#include "exporter/formats/json_event.h"

namespace backstay::formats {
namespace {

using Role = FieldRole;

// Of several that a line has, the first counts.
constexpr auto kUsualNames = std::to_array<JsonField>({
    {Role::request, "request"},
    {Role::method, "method"},
    {Role::method, "request_method"},
    {Role::method, "http_method"},
    {Role::method, "http.request.method"},
    {Role::method, "req.method"},
    {Role::method, "request.method"},
    {Role::method, "http.method"},
    {Role::target, "request_uri"},
    {Role::target, "uri"},
    {Role::target, "url"},
    {Role::target, "target"},
    {Role::target, "path"},
    {Role::target, "url.path"},
    {Role::target, "url.original"},
    {Role::target, "req.url"},
    {Role::target, "request.uri"},
    {Role::target, "request.url"},
    {Role::target, "request.path"},
    {Role::target, "http.target"},
    {Role::target, "http.url"},
    {Role::route, "route"},
    {Role::route, "http.route"},
    {Role::route, "req.route.path"},
    {Role::status, "status"},
    {Role::status, "status_code"},
    {Role::status, "statusCode"},
    {Role::status, "http_status"},
    {Role::status, "http.response.status_code"},
    {Role::status, "res.statusCode"},
    {Role::status, "response.status"},
    {Role::status, "http.status_code"},
    {Role::request_bytes, "request_bytes"},
    {Role::request_bytes, "request_length"},
    {Role::request_bytes, "http.request.bytes"},
    {Role::request_bytes, "http.request.body.bytes"},
    {Role::response_bytes, "response_bytes"},
    {Role::response_bytes, "body_bytes_sent"},
    {Role::response_bytes, "bytes_sent"},
    {Role::response_bytes, "response_size"},
    {Role::response_bytes, "http.response.body.bytes"},
    {Role::response_bytes, "http.response.bytes"},
    {Role::duration_s, "request_time"},
    {Role::duration_s, "duration_s"},
    {Role::duration_s, "duration_seconds"},
    {Role::duration_ms, "duration_ms"},
    {Role::duration_ms, "durationMs"},
    {Role::duration_ms, "latency_ms"},
    {Role::duration_ms, "elapsed_ms"},
    {Role::duration_ms, "response_time_ms"},
    {Role::duration_ms, "responseTime"},
    {Role::duration_us, "duration_us"},
    {Role::duration_us, "elapsed_us"},
    {Role::duration_ns, "duration_ns"},
    {Role::duration_ns, "elapsed_ns"},
    {Role::duration_ns, "event.duration"},
    {Role::time, "time"},
    {Role::time, "@timestamp"},
    {Role::time, "timestamp"},
    {Role::time, "ts"},
    {Role::time, "time_iso8601"},
    {Role::time, "time_local"},
    {Role::time, "msec"},
    {Role::request_id, "request_id"},
    {Role::request_id, "requestId"},
    {Role::request_id, "req_id"},
    {Role::request_id, "req.id"},
    {Role::request_id, "reqId"},
    {Role::request_id, "http.request.id"},
    {Role::request_id, "trace_id"},
    {Role::in_flight, "in_flight"},
    {Role::level, "level"},
    {Role::level, "severity"},
    {Role::level, "log.level"},
    {Role::level, "levelname"},
    {Role::message, "message"},
    {Role::message, "msg"},
    {Role::message, "error.message"},
    {Role::message, "err.message"},
    {Role::message, "event"},
    {Role::message, "error"},
    {Role::stack, "stack"},
    {Role::stack, "stack_trace"},
    {Role::stack, "stacktrace"},
    {Role::stack, "error.stack_trace"},
    {Role::stack, "error.stack"},
    {Role::stack, "err.stack"},
    {Role::stack, "exception.stacktrace"},
    {Role::stack, "exception"},
    {Role::stack, "exc_info"},
});

// Which of a role's names are in one bag: there is one duration, whatever its unit.
Role family(Role role) {
  const bool is_duration =
      role == Role::duration_ms || role == Role::duration_us || role == Role::duration_ns;
  return is_duration ? Role::duration_s : role;
}

bool is_replaced(const JsonField& usual, const std::vector<JsonField>& named) {
  for (const JsonField& field : named) {
    if (family(field.role) == family(usual.role)) return true;
  }
  return false;
}

std::vector<JsonField> table(const JsonFields& fields) {
  std::vector<JsonField> rows;
  for (const auto& [name, path] : fields) {
    const auto role = parse_field_role(name);
    const bool is_short =
        std::count(path.begin(), path.end(), '.') <= std::ptrdiff_t{kJsonPathDotsMax};
    if (role && is_short && rows.size() < kJsonFieldsMax) rows.push_back({*role, path});
  }
  const std::vector<JsonField> named = rows;
  for (const JsonField& usual : kUsualNames) {
    if (!is_replaced(usual, named)) rows.push_back(usual);
  }
  return rows;
}

}  // namespace

Json::Json(const JsonFields& fields) : reader_(table(fields)) {}

Parsed Json::parse(std::string_view line) {
  if (const auto reason = reader_.read(line)) return *reason;
  return event_or_message(reader_.values());
}

}  // namespace backstay::formats
