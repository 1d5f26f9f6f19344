#include "exporter/formats/json_event.h"

#include <limits>

#include "exporter/formats/field_number.h"
#include "exporter/formats/field_time.h"
#include "exporter/formats/request_line.h"

namespace backstay::formats {
namespace {

// An optional that is assigned whole is read again before all of it is written, and waits for that.
template <class T>
void set(std::optional<T>& field, const std::optional<T>& value) {
  if (value) field = *value;
}

std::optional<std::uint64_t> whole(const JsonValues& values, FieldRole role) {
  return values.has(role) ? parse_whole(values.text(role)) : std::nullopt;
}

std::optional<std::int64_t> time_ms(const JsonValues& values) {
  if (!values.has(FieldRole::time)) return std::nullopt;
  const auto time = parse_time(values.text(FieldRole::time));
  return time ? std::optional(time->unix_ms()) : std::nullopt;
}

std::optional<double> duration(const JsonValues& values, FieldRole role, double units_per_second) {
  return values.has(role) ? parse_duration(values.text(role), units_per_second) : std::nullopt;
}

std::optional<double> duration_seconds(const JsonValues& values) {
  if (auto seconds = duration(values, FieldRole::duration_s, 1)) return seconds;
  if (auto seconds = duration(values, FieldRole::duration_ms, 1e3)) return seconds;
  if (auto seconds = duration(values, FieldRole::duration_us, 1e6)) return seconds;
  return duration(values, FieldRole::duration_ns, 1e9);
}

bool has_request(const JsonValues& values) {
  return values.has(FieldRole::request) || values.has(FieldRole::method) ||
         values.has(FieldRole::target);
}

// A time, an id or what is said of an error is no reason to leave a request out.
bool is_field_misplaced(const JsonValues& values) {
  for (const FieldRole role :
       {FieldRole::request, FieldRole::method, FieldRole::target, FieldRole::route,
        FieldRole::request_bytes, FieldRole::response_bytes, FieldRole::duration_s,
        FieldRole::duration_ms, FieldRole::duration_us, FieldRole::duration_ns,
        FieldRole::in_flight}) {
    if (values.is_misplaced(role)) return true;
  }
  return false;
}

// The method and the target have fields of their own, or are in the request's line.
bool read_request(const JsonValues& values, AccessEvent& event) {
  event.method = values.text(FieldRole::method);
  event.target = values.text(FieldRole::target);
  if (!event.method.empty() && !event.target.empty()) return is_method(event.method);
  AccessEvent line;
  if (values.has(FieldRole::request)) {
    if (!parse_request_line(values.text(FieldRole::request), line)) return false;
    if (event.method.empty()) event.method = line.method;
    if (event.target.empty()) event.target = line.target;
  }
  return event.method.empty() || is_method(event.method);
}

std::optional<RejectReason> read_event(const JsonValues& values, AccessEvent& event) {
  if (values.is_any_misplaced() && is_field_misplaced(values)) return RejectReason::bad_field;
  const auto status = whole(values, FieldRole::status);
  if (!status || *status < 100 || *status > 599) return RejectReason::bad_status;
  event.status = static_cast<int>(*status);
  if (!read_request(values, event)) return RejectReason::bad_request_line;
  event.route = values.text(FieldRole::route);
  set(event.request_bytes, whole(values, FieldRole::request_bytes));
  set(event.response_bytes, whole(values, FieldRole::response_bytes));
  set(event.duration_seconds, duration_seconds(values));
  set(event.time_ms, time_ms(values));
  event.request_id = values.text(FieldRole::request_id);
  const auto in_flight = whole(values, FieldRole::in_flight);
  if (in_flight && *in_flight <= std::numeric_limits<std::uint32_t>::max()) {
    event.in_flight = static_cast<std::uint32_t>(*in_flight);
  }
  return std::nullopt;
}

}  // namespace

Parsed message_or(const JsonValues& values, RejectReason reason) {
  LogMessage message;
  message.level = values.text(FieldRole::level);
  message.message = values.text(FieldRole::message);
  message.stack = values.text(FieldRole::stack);
  if (message.level.empty() && message.message.empty() && message.stack.empty()) return reason;
  message.time_ms = time_ms(values);
  message.request_id = values.text(FieldRole::request_id);
  return message;
}

Parsed event_or_message(const JsonValues& values) {
  const bool is_asked = has_request(values);
  const bool is_answered = values.has(FieldRole::status);
  if (!is_asked && is_answered && is_field_misplaced(values)) return RejectReason::bad_field;
  if (!is_asked || !is_answered) {
    return message_or(values, is_asked ? RejectReason::bad_status : RejectReason::no_request);
  }
  // In its place from the start: to copy an event costs as much as to read some of its fields.
  Parsed parsed(std::in_place_type<AccessEvent>);
  if (const auto reason = read_event(values, std::get<AccessEvent>(parsed))) parsed = *reason;
  return parsed;
}

}  // namespace backstay::formats
