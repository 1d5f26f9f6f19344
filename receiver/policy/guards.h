#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "receiver/policy/policy.h"

namespace backstay {

// Why a guard says no.
struct No {
  Reason reason;
  std::string explanation;
};
using Guard = std::optional<No>;

// What one guard was asked and what it said.
struct GuardCheck {
  std::string_view guard;  // a word, for machines
  std::string_view asks;   // what must be so, for people
  Guard no;                // none: it is so
};

// Everything a guard may look at.
struct Case {
  const StoredEvent& stored;
  const Facts& facts;
  const History& history;
  const Policy& policy;
  const Rule& rule;
  WallTime now;

  [[nodiscard]] const Event& event() const { return stored.event; }
  [[nodiscard]] bool by_a_person() const { return event().source == "cli"; }
  // No webhook may be named so.
  [[nodiscard]] bool is_of_our_own_run() const { return event().source == "backstay"; }
  [[nodiscard]] bool is_alert() const { return event().kind == EventKind::alert_firing; }
  // Somebody has answered, and the facts were gathered since.
  [[nodiscard]] bool is_answered() const;
};

// When an alert's condition first held, which is before it fired; Alertmanagers of a pair may
// disagree, so the earliest time that anyone names counts.
WallTime alert_began(const Case& c);

// Asks the guards of the rule's action in the order in which a person would ask, up to the first
// that says no, and fills in the plan on the way. Each one that was asked is noted in the trail.
Guard ask_guards(const Case& c, Decision& plan, std::vector<GuardCheck>& trail);

// Asks those alone that look at the world and need no history.
Guard ask_again(const Case& c);

}  // namespace backstay
