#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// What people were asked to approve.
struct ApprovalPlan {
  std::string action;  // deploy, rollback, backup
  std::string release_from;
  std::string release_to;
  std::optional<std::int64_t> deployment_id;  // what a rollback would undo

  bool operator==(const ApprovalPlan&) const = default;
};

// A question to people about an event, and their answer. The event has no decision until it is
// answered or has expired: the decision is final, the question is not.
struct Approval {
  std::int64_t event_id = 0;
  WallTime asked_at;
  WallTime expires_at;
  std::string rule;
  ApprovalPlan plan;
  std::string explanation;  // the plan as people were told it
  std::optional<WallTime> answered_at;
  std::string answer;  // approved, refused; empty while it is open
  std::string actor;   // who answered
  std::string reason;  // why, in that person's words
};

void ask_for_approval(Transaction& tx, const Approval& question);
void answer_approval(Transaction& tx, std::int64_t event_id, WallTime at, const std::string& answer,
                     const std::string& actor, const std::string& reason);
std::optional<Approval> find_approval(Transaction& tx, std::int64_t event_id);
// Those of events without a decision, oldest first.
std::vector<Approval> open_approvals(Transaction& tx);
// Those that a person refused for this deployment.
std::vector<Approval> refused_for(Transaction& tx, std::int64_t deployment_id);

// Something has changed that may decide an open question: its event is looked at once more.
void look_again_at_approvals(Transaction& tx);
void mark_looked_at(Transaction& tx, std::int64_t event_id);

}  // namespace backstay::journal
