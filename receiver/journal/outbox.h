#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"

namespace backstay::journal {

// Between two attempts at one message.
constexpr std::chrono::milliseconds kLongestRetry{300'000};

// Who is told what. A group is messages of one kind, as in OutboxRow.
struct Audience {
  std::string channel;
  std::vector<std::string> severities;        // empty: all
  std::chrono::milliseconds group_window{0};  // 0: nothing is grouped
};

// A message to people, written in the same transaction as what it tells, and sent afterwards as
// often as it takes. Its id and its time are in the idempotency key.
struct OutboxRow {
  std::int64_t id = 0;
  WallTime created_at;
  std::optional<std::int64_t> run_id;
  std::string severity;  // info, warning, error, critical
  std::string title;
  std::string text;
  std::string channel;
  int attempts = 0;
  std::string group_key;    // of messages that one may stand for all of; empty: none may
  std::int64_t folded = 0;  // how many messages it stands for, if it is a group's summary
  std::optional<WallTime> first_tried_at;  // none: nobody has tried to send it
};

// One row for each channel that wants it. The first of a group goes out at once and opens a window;
// what comes within that is one summary, due when it closes, with their number and the last one's
// text. A summary opens the next window, so that a storm is one message a window.
void append_message(Transaction& tx, const OutboxRow& message,
                    const std::vector<Audience>& audiences);
// The next that is due in a channel.
std::optional<OutboxRow> next_message(Transaction& tx, const std::string& channel, WallTime now);
// The next that is due in none of these.
std::optional<OutboxRow> next_stranded(Transaction& tx, const std::vector<std::string>& channels,
                                       WallTime now);
void mark_sent(Transaction& tx, std::int64_t id, WallTime at);
void mark_failed(Transaction& tx, std::int64_t id, WallTime at, WallTime next_attempt_at,
                 const std::string& error);
void mark_given_up(Transaction& tx, std::int64_t id, WallTime at, const std::string& error);
std::int64_t count_pending(Transaction& tx);

}  // namespace backstay::journal
