#include "receiver/journal/outbox.h"

#include "base/timestamp.h"

namespace backstay::journal {

void append_message(Transaction& tx, const OutboxRow& message,
                    const std::vector<std::string>& channels) {
  for (const std::string& channel : channels) {
    tx.prepare(
          "INSERT INTO outbox (created_at, run_id, severity, title, text, channel, "
          "next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(to_unix_ms(message.created_at))
        .bind(message.run_id)
        .bind(message.severity)
        .bind(message.title)
        .bind(message.text)
        .bind(channel)
        .bind(to_unix_ms(message.created_at))
        .run();
  }
}

std::optional<OutboxRow> next_message(Transaction& tx, WallTime now) {
  Statement select = tx.prepare(
      "SELECT id, created_at, run_id, severity, title, text, channel, attempts FROM outbox "
      "WHERE sent_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= ? "
      "ORDER BY next_attempt_at, id LIMIT 1");
  if (!select.bind(to_unix_ms(now)).next()) return std::nullopt;
  return OutboxRow{select.integer(0),       from_unix_ms(select.integer(1)),
                   select.maybe_integer(2), select.text(3),
                   select.text(4),          select.text(5),
                   select.text(6),          static_cast<int>(select.integer(7))};
}

void mark_sent(Transaction& tx, std::int64_t id, WallTime at) {
  tx.prepare("UPDATE outbox SET sent_at = ?, attempts = attempts + 1 WHERE id = ?")
      .bind(to_unix_ms(at))
      .bind(id)
      .run();
}

void mark_failed(Transaction& tx, std::int64_t id, WallTime next_attempt_at,
                 const std::string& error) {
  tx.prepare(
        "UPDATE outbox SET next_attempt_at = ?, attempts = attempts + 1, last_error = ? "
        "WHERE id = ?")
      .bind(to_unix_ms(next_attempt_at))
      .bind(error)
      .bind(id)
      .run();
}

void mark_given_up(Transaction& tx, std::int64_t id, WallTime at, const std::string& error) {
  tx.prepare(
        "UPDATE outbox SET given_up_at = ?, attempts = attempts + 1, last_error = ? WHERE id = ?")
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
