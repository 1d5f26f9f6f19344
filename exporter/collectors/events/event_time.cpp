#include "exporter/collectors/events/event_time.h"

#include "base/timestamp.h"

namespace backstay::collectors {

std::string format_event_time(EventTime time) {
  using std::chrono::milliseconds;
  const WallTime whole = std::chrono::floor<milliseconds>(time);
  std::string micros = std::to_string((time - whole).count());
  micros.insert(0, 3 - micros.size(), '0');
  std::string text = format_rfc3339(whole);
  return text.insert(text.size() - 1, micros);  // before the Z
}

double to_unix_seconds(EventTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace backstay::collectors
