#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "receiver/release_details.h"

namespace backstay {

// What a webhook or a person said. The first three ask for something; the others tell that
// something happened elsewhere. The two are never confused: a "happened" event changes nothing by
// itself.
enum class EventKind {
  deploy_requested,
  rollback_requested,
  backup_requested,
  deploy_started,
  deploy_succeeded,
  deploy_failed,
  alert_firing,
  alert_resolved,
};

struct Event {
  EventKind kind = EventKind::alert_firing;
  std::string source;      // the webhook's name, or "cli"
  std::string dedupe_key;  // unique within the source: the same key twice is the same event
  std::string actor;       // who asked: a person's login, or the sender
  std::string release;     // empty where the event names none; already validated
  std::string subject;     // an alert's name, a deployment's id; for people
  std::map<std::string, std::string> labels;  // an alert's, or what a rule may match
  std::optional<WallTime> began_at;           // an alert's startsAt
  ReleaseDetails details = {};                // of the release, as far as the sender told
};

// An event with its place in the journal.
struct StoredEvent {
  std::int64_t id = 0;
  WallTime received_at;
  Event event;
  // What of its row cannot be read and would have to be known to decide it, for people; else empty.
  std::string unreadable = {};
};

std::string_view to_string(EventKind kind);
std::optional<EventKind> parse_event_kind(std::string_view text);
bool asks_for_something(EventKind kind);

// A release's name goes into argv and file names: 1–128 letters, digits, '.', '_', '-', '+',
// starting with a letter or digit, and no "..".
bool is_valid_release_name(std::string_view name);

}  // namespace backstay
