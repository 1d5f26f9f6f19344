#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "receiver/journal/database.h"
#include "receiver/journal/outbox.h"
#include "receiver/policy/policy.h"
#include "receiver/worker/messages.h"

namespace backstay {

// Whose messages they are, and where they go.
struct Telling {
  std::string service;
  std::vector<journal::Audience> channels;
};

// Puts the message, if there is one, into the outbox.
void tell(journal::Transaction& tx, const Telling& telling, WallTime at,
          std::optional<std::int64_t> run_id, const std::optional<Notice>& message);

// All that follows from a decision, in one transaction: the decision with its run and its message,
// or the question to people whose answer it waits for.
void record_decision(journal::Transaction& tx, const Telling& telling, const StoredEvent& stored,
                     const Decision& decision, const History& history, WallTime now);

// That alone, and nothing that could fail with it; one that is decided is left as it is.
void record_refusal(journal::Transaction& tx, const StoredEvent& stored, const Decision& refusal,
                    WallTime now);

// What a switch means for the ledger, in the transaction that says that it is done.
void record_switch(journal::Transaction& tx, const journal::Run& run, const Event& event,
                   const journal::Step& step, WallTime at);
// The driver is right about what is live; the event may tell more of that release.
void set_ledger_right(journal::Transaction& tx, const Facts& facts, const StoredEvent& stored,
                      WallTime now);

}  // namespace backstay
