#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// A message to people, written in the same transaction as what it tells, and sent afterwards as
// often as it takes. Its id is the idempotency key.
struct OutboxRow {
  std::int64_t id = 0;
  WallTime created_at;
  std::optional<std::int64_t> run_id;
  std::string severity;  // info, warning, error, critical
  std::string title;
  std::string text;
  std::string channel;
  int attempts = 0;
};

// One row for each channel.
void append_message(Transaction& tx, const OutboxRow& message,
                    const std::vector<std::string>& channels);
std::optional<OutboxRow> next_message(Transaction& tx, WallTime now);
void mark_sent(Transaction& tx, std::int64_t id, WallTime at);
void mark_failed(Transaction& tx, std::int64_t id, WallTime next_attempt_at,
                 const std::string& error);
void mark_given_up(Transaction& tx, std::int64_t id, WallTime at, const std::string& error);
std::int64_t count_pending(Transaction& tx);

}  // namespace backstay::journal
