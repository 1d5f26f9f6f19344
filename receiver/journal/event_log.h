#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "receiver/event.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// What the policy said about an event; an event has exactly one, and it is final.
struct DecisionRow {
  std::int64_t event_id = 0;
  WallTime decided_at;
  std::string verdict;
  std::string reason;
  std::string explanation;
  std::string rule;
};

// Appends the event and claims its dedupe slot. Returns its id, or nothing where the slot is taken:
// then only the number of deliveries is counted.
std::optional<std::int64_t> append_event(Transaction& tx, const Event& event, WallTime received_at);

// Whether its dedupe slot is taken.
bool has_event(Transaction& tx, const Event& event);

std::optional<StoredEvent> find_event(Transaction& tx, std::int64_t id);
// The oldest event that has no decision yet, and can get one: what waits for a person's approval is
// left out until it is answered, has expired or is to be looked at again.
std::optional<StoredEvent> next_undecided(Transaction& tx, WallTime now);
// The oldest that came after the given one, without those that people were asked about.
std::vector<StoredEvent> undecided_after(Transaction& tx, std::int64_t id, int events_max);
// For one that has its decision; as a rule the decision itself sees to that.
void stop_waiting(Transaction& tx, std::int64_t event_id);
// Without those that wait for a person's approval.
std::int64_t count_undecided(Transaction& tx);
// With them.
std::int64_t count_without_decision(Transaction& tx);

// facts: a JSON object, as it was gathered before the decision.
void append_facts(Transaction& tx, std::int64_t event_id, WallTime gathered_at,
                  const std::string& facts);
void append_decision(Transaction& tx, const DecisionRow& decision);
std::optional<DecisionRow> find_decision(Transaction& tx, std::int64_t event_id);

}  // namespace backstay::journal
