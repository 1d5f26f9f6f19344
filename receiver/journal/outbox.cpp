#include "receiver/journal/outbox.h"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace backstay::journal {
namespace {

// Further on nobody counts, nor below zero: a row that another hand wrote may have any number, and
// when it is tried again follows from it.
constexpr std::int64_t kAttemptsCountedMax = 1'000'000;

// When a row goes out, and until when its group's others wait.
struct Schedule {
  std::int64_t due_at;
  std::optional<std::int64_t> window_ends_at;
  std::int64_t folded = 0;
};

void insert(const Transaction& tx, const OutboxRow& message, const std::string& channel,
            const Schedule& schedule) {
  const bool is_grouped = schedule.window_ends_at.has_value();
  tx.prepare(
        "INSERT INTO outbox (created_at, run_id, severity, title, text, channel, "
        "next_attempt_at, group_key, folded, window_ends_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(to_unix_ms(message.created_at))
      .bind(message.run_id)
      .bind(message.severity)
      .bind(message.title)
      .bind(message.text)
      .bind(channel)
      .bind(schedule.due_at)
      .bind(is_grouped ? std::optional<std::string_view>(message.group_key) : std::nullopt)
      .bind(schedule.folded)
      .bind(schedule.window_ends_at)
      .run();
}

// The last row of a group in a channel.
struct Last {
  std::int64_t id;
  std::int64_t due_at;
  std::int64_t window_ends_at;
  bool takes_more;  // a summary that nobody tried to send: its text may still change
};

std::optional<Last> last_of(const Transaction& tx, const std::string& channel,
                            const std::string& group_key) {
  Statement select = tx.prepare(
      "SELECT id, next_attempt_at, window_ends_at, folded > 0 AND attempts = 0 FROM outbox "
      "WHERE channel = ? AND group_key = ? ORDER BY id DESC LIMIT 1");
  if (!select.bind(channel).bind(group_key).next()) return std::nullopt;
  return Last{select.integer(0), select.integer(1), select.integer(2), select.integer(3) != 0};
}

void append_grouped(const Transaction& tx, const OutboxRow& message, const Audience& audience) {
  const std::int64_t now = to_unix_ms(message.created_at);
  const std::int64_t window = audience.group_window.count();
  const auto last = last_of(tx, audience.channel, message.group_key);
  // A window further away than two was opened by a clock that was set back since.
  if (!last || now >= last->window_ends_at || last->window_ends_at > now + 2 * window) {
    insert(tx, message, audience.channel, {now, now + window});
  } else if (last->takes_more && now < last->due_at) {
    tx.prepare("UPDATE outbox SET folded = folded + 1, text = ? WHERE id = ?")
        .bind(message.text)
        .bind(last->id)
        .run();
  } else {
    insert(tx, message, audience.channel, {last->window_ends_at, last->window_ends_at + window, 1});
  }
}

bool wants(const Audience& audience, const std::string& severity) {
  const auto& wanted = audience.severities;
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), severity) != wanted.end();
}

// Due further away than any message is made to wait: the clock was set back since, and nobody would
// be told anything for as long as that.
constexpr const char* kDue =
    "SELECT id, created_at, run_id, severity, title, text, channel, attempts, "
    "coalesce(group_key, ''), folded, first_tried_at FROM outbox "
    "WHERE sent_at IS NULL AND given_up_at IS NULL AND (next_attempt_at <= ?1 OR "
    "next_attempt_at > ?1 + CASE WHEN attempts > 0 THEN ?2 "
    "WHEN folded > 0 THEN 2 * (window_ends_at - next_attempt_at) ELSE 0 END) AND ";
constexpr const char* kTheFirst = " ORDER BY next_attempt_at, id LIMIT 1";

std::optional<OutboxRow> first_due(Statement& select, WallTime now, std::string_view channels) {
  select.bind(to_unix_ms(now)).bind(kLongestRetry.count()).bind(channels);
  if (!select.next()) return std::nullopt;
  OutboxRow row{
      select.integer(0),
      from_unix_ms(select.integer(1)),
      select.maybe_integer(2),
      select.text(3),
      select.text(4),
      select.text(5),
      select.text(6),
      static_cast<int>(std::clamp(select.integer(7), std::int64_t{0}, kAttemptsCountedMax)),
      select.text(8),
      select.integer(9),
      std::nullopt};
  if (const auto tried = select.maybe_integer(10)) row.first_tried_at = from_unix_ms(*tried);
  return row;
}

void count_attempt(const Transaction& tx, std::int64_t id) {
  tx.prepare("UPDATE outbox SET attempts = max(0, min(attempts, ?)) + 1 WHERE id = ?")
      .bind(kAttemptsCountedMax)
      .bind(id)
      .run();
}

}  // namespace

void append_message(Transaction& tx, const OutboxRow& message,
                    const std::vector<Audience>& audiences) {
  for (const Audience& audience : audiences) {
    if (!wants(audience, message.severity)) continue;
    if (message.group_key.empty() || audience.group_window.count() == 0) {
      insert(tx, message, audience.channel, {to_unix_ms(message.created_at), std::nullopt});
    } else {
      append_grouped(tx, message, audience);
    }
  }
}

std::optional<OutboxRow> next_message(Transaction& tx, const std::string& channel, WallTime now) {
  Statement select = tx.prepare(std::string(kDue) + "channel = ?3" + kTheFirst);
  return first_due(select, now, channel);
}

std::optional<OutboxRow> next_stranded(Transaction& tx, const std::vector<std::string>& channels,
                                       WallTime now) {
  Statement select = tx.prepare(std::string(kDue) +
                                "channel NOT IN (SELECT value FROM json_each(?3))" + kTheFirst);
  return first_due(select, now, nlohmann::json(channels).dump());
}

void mark_sent(Transaction& tx, std::int64_t id, WallTime at) {
  count_attempt(tx, id);
  tx.prepare("UPDATE outbox SET sent_at = ? WHERE id = ?").bind(to_unix_ms(at)).bind(id).run();
}

void mark_failed(Transaction& tx, std::int64_t id, WallTime at, WallTime next_attempt_at,
                 const std::string& error) {
  count_attempt(tx, id);
  tx.prepare(
        "UPDATE outbox SET first_tried_at = coalesce(first_tried_at, ?), next_attempt_at = ?, "
        "last_error = ? WHERE id = ?")
      .bind(to_unix_ms(at))
      .bind(to_unix_ms(next_attempt_at))
      .bind(error)
      .bind(id)
      .run();
}

void mark_given_up(Transaction& tx, std::int64_t id, WallTime at, const std::string& error) {
  count_attempt(tx, id);
  tx.prepare("UPDATE outbox SET given_up_at = ?, last_error = ? WHERE id = ?")
      .bind(to_unix_ms(at))
      .bind(error)
      .bind(id)
      .run();
}

std::int64_t count_pending(Transaction& tx) {
  Statement select =
      tx.prepare("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL");
  return select.next() ? select.integer(0) : 0;
}

}  // namespace backstay::journal
