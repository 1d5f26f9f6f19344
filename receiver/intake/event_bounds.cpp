#include "receiver/intake/event_bounds.h"

#include <utility>

#include "receiver/intake/digests.h"

namespace backstay::intake {
namespace {

constexpr std::string_view kCut = "…";

// Never inside a character of UTF-8. Whether there was something to cut.
bool cut(std::string& text) {
  if (text.size() <= kShownBytesMax) return false;
  const auto is_inside = [&text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
  };
  std::size_t bytes = kShownBytesMax - kCut.size();
  while (bytes > 0 && is_inside(bytes)) --bytes;
  text.resize(bytes);
  text += kCut;
  return true;
}

bool is_alert(const Event& event) {
  return event.kind == EventKind::alert_firing || event.kind == EventKind::alert_resolved;
}

std::size_t size_of(const Event& event) {
  std::size_t bytes =
      event.dedupe_key.size() + event.actor.size() + event.release.size() + event.subject.size();
  for (const auto& [name, value] : event.labels) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

std::string bounded_key(std::string key) {
  if (key.size() <= kDedupeKeyBytesMax) return key;
  return "sha256:" + to_hex(sha256(key));
}

Result<std::vector<std::string_view>> bound(Event& event) {
  std::vector<std::string_view> shortened;
  if (cut(event.actor)) shortened.emplace_back("actor");
  if (!is_alert(event) && cut(event.subject)) shortened.emplace_back("subject");
  if (event.dedupe_key.size() > kDedupeKeyBytesMax) {
    event.dedupe_key = bounded_key(std::move(event.dedupe_key));
    shortened.emplace_back("dedupe_key");
  }
  if (size_of(event) > kEventBytesMax) {
    return fail("an event has more than " + std::to_string(kEventBytesMax) + " bytes");
  }
  return shortened;
}

}  // namespace backstay::intake
