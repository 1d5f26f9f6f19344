#include "receiver/event.h"

#include <array>
#include <utility>

namespace backstay {
namespace {

constexpr std::array<std::pair<EventKind, std::string_view>, 8> kNames{{
    {EventKind::deploy_requested, "deploy_requested"},
    {EventKind::rollback_requested, "rollback_requested"},
    {EventKind::backup_requested, "backup_requested"},
    {EventKind::deploy_started, "deploy_started"},
    {EventKind::deploy_succeeded, "deploy_succeeded"},
    {EventKind::deploy_failed, "deploy_failed"},
    {EventKind::alert_firing, "alert_firing"},
    {EventKind::alert_resolved, "alert_resolved"},
}};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string_view to_string(EventKind kind) {
  for (const auto& [value, name] : kNames) {
    if (value == kind) return name;
  }
  return "unknown";
}

std::optional<EventKind> parse_event_kind(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

bool asks_for_something(EventKind kind) {
  return kind == EventKind::deploy_requested || kind == EventKind::rollback_requested ||
         kind == EventKind::backup_requested;
}

bool is_valid_release_name(std::string_view name) {
  if (name.empty() || name.size() > 128 || !is_alphanumeric(name.front())) return false;
  for (char c : name) {
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-' && c != '+') return false;
  }
  return name.find("..") == std::string_view::npos;
}

}  // namespace backstay
