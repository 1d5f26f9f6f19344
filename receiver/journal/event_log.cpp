#include "receiver/journal/event_log.h"

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "receiver/json_text.h"

namespace backstay::journal {
namespace {

constexpr const char* kEventColumns =
    "e.id, e.received_at, e.source, e.dedupe_key, e.kind, e.actor, e.release, e.subject, e.labels, "
    "e.began_at, e.details";

using nlohmann::json;
using Labels = std::map<std::string, std::string>;

std::optional<Labels> labels_in(const std::string& text) {
  const json object = parse_json(text);
  if (!object.is_object()) return std::nullopt;
  Labels labels;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string()) return std::nullopt;
    labels[name] = value.get<std::string>();
  }
  return labels;
}

// Whatever stands in a row, it does not throw: one that cannot be read must not keep those after it
// from being decided. `unreadable` names what a decision cannot do without.
StoredEvent event_of(const Statement& row) {
  StoredEvent stored;
  stored.id = row.integer(0);
  stored.received_at = from_unix_ms(row.integer(1));
  Event& event = stored.event;
  event.source = row.text(2);
  event.dedupe_key = row.text(3);
  event.actor = row.text(5);
  event.subject = row.text(7);
  if (const auto ms = row.maybe_integer(9)) event.began_at = from_unix_ms(*ms);
  const std::string which = "event " + std::to_string(stored.id);
  const auto kind = parse_event_kind(row.text(4));
  const std::string release = row.text(6);
  const auto labels = labels_in(row.text(8));
  if (kind) event.kind = *kind;
  if (labels) event.labels = *labels;
  if (!kind) stored.unreadable = which + " cannot be read: its kind is none that is known";
  if (!labels)
    stored.unreadable = which + " cannot be read: its labels are no JSON object of texts";
  if (release.empty() || is_valid_release_name(release)) {
    event.release = release;
  } else {
    stored.unreadable = which + " cannot be read: its release has no name that can be one";
  }
  if (const auto text = row.maybe_text(10)) event.details = details_or_unsafe(*text, which);
  return stored;
}

std::optional<StoredEvent> first_event(Statement& statement) {
  if (!statement.next()) return std::nullopt;
  return event_of(statement);
}

}  // namespace

std::optional<std::int64_t> append_event(Transaction& tx, const Event& event,
                                         WallTime received_at) {
  // Counted first: an INSERT that gives way to the row that is there would use up an id.
  tx.prepare(
        "UPDATE events SET deliveries = deliveries + 1, last_delivered_at = ? "
        "WHERE source = ? AND dedupe_key = ?")
      .bind(to_unix_ms(received_at))
      .bind(event.source)
      .bind(event.dedupe_key)
      .run();
  if (tx.rows_changed() > 0) return std::nullopt;
  Statement insert = tx.prepare(
      "INSERT INTO events (received_at, source, dedupe_key, kind, actor, release, subject, labels, "
      "began_at, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(to_unix_ms(received_at)).bind(event.source).bind(event.dedupe_key);
  insert.bind(to_string(event.kind)).bind(event.actor).bind(event.release).bind(event.subject);
  // Bytes that are not UTF-8 are replaced: they must not make a genuine alert unacceptable.
  insert.bind(json(event.labels).dump(-1, ' ', false, json::error_handler_t::replace));
  if (event.began_at) {
    insert.bind(to_unix_ms(*event.began_at));
  } else {
    insert.bind(std::nullopt);
  }
  if (event.details.is_empty()) {
    insert.bind(std::nullopt);
  } else {
    insert.bind(to_json(event.details).dump());
  }
  insert.run();
  return tx.last_id();
}

bool has_event(Transaction& tx, const Event& event) {
  Statement select = tx.prepare("SELECT 1 FROM events WHERE source = ? AND dedupe_key = ?");
  return select.bind(event.source).bind(event.dedupe_key).next();
}

std::optional<StoredEvent> find_event(Transaction& tx, std::int64_t id) {
  Statement select =
      tx.prepare(std::string("SELECT ") + kEventColumns + " FROM events e WHERE e.id = ?");
  return first_event(select.bind(id));
}

std::optional<StoredEvent> next_undecided(Transaction& tx, WallTime now) {
  Statement select =
      tx.prepare(std::string("SELECT ") + kEventColumns +
                 " FROM undecided u JOIN events e ON e.id = u.event_id "
                 "LEFT JOIN approvals a ON a.event_id = u.event_id "
                 "WHERE a.event_id IS NULL OR a.answered_at IS NOT NULL OR "
                 "a.look_again = 1 OR a.expires_at <= ? ORDER BY u.event_id LIMIT 1");
  return first_event(select.bind(to_unix_ms(now)));
}

std::vector<StoredEvent> undecided_after(Transaction& tx, std::int64_t id, int events_max) {
  Statement select = tx.prepare(std::string("SELECT ") + kEventColumns +
                                " FROM undecided u JOIN events e ON e.id = u.event_id "
                                "LEFT JOIN approvals a ON a.event_id = u.event_id "
                                "WHERE u.event_id > ? AND a.event_id IS NULL "
                                "ORDER BY u.event_id LIMIT ?");
  std::vector<StoredEvent> events;
  for (select.bind(id).bind(events_max); select.next();) events.push_back(event_of(select));
  return events;
}

void stop_waiting(Transaction& tx, std::int64_t event_id) {
  tx.prepare("DELETE FROM undecided WHERE event_id = ?").bind(event_id).run();
}

std::int64_t count_undecided(Transaction& tx) {
  Statement select = tx.prepare(
      "SELECT count(*) FROM undecided u LEFT JOIN approvals a ON a.event_id = u.event_id "
      "WHERE a.event_id IS NULL OR a.answered_at IS NOT NULL");
  return select.next() ? select.integer(0) : 0;
}

std::int64_t count_without_decision(Transaction& tx) {
  Statement select = tx.prepare("SELECT count(*) FROM undecided");
  return select.next() ? select.integer(0) : 0;
}

void append_facts(Transaction& tx, std::int64_t event_id, WallTime gathered_at,
                  const std::string& facts) {
  tx.prepare("INSERT INTO facts (event_id, gathered_at, facts) VALUES (?, ?, ?)")
      .bind(event_id)
      .bind(to_unix_ms(gathered_at))
      .bind(facts)
      .run();
}

void append_decision(Transaction& tx, const DecisionRow& decision) {
  tx.prepare(
        "INSERT INTO decisions (event_id, decided_at, verdict, reason, explanation, rule) "
        "VALUES (?, ?, ?, ?, ?, ?)")
      .bind(decision.event_id)
      .bind(to_unix_ms(decision.decided_at))
      .bind(decision.verdict)
      .bind(decision.reason)
      .bind(decision.explanation)
      .bind(decision.rule)
      .run();
}

std::optional<DecisionRow> find_decision(Transaction& tx, std::int64_t event_id) {
  Statement select = tx.prepare(
      "SELECT event_id, decided_at, verdict, reason, explanation, rule FROM decisions "
      "WHERE event_id = ?");
  select.bind(event_id);
  if (!select.next()) return std::nullopt;
  return DecisionRow{select.integer(0), from_unix_ms(select.integer(1)),
                     select.text(2),    select.text(3),
                     select.text(4),    select.text(5)};
}

}  // namespace backstay::journal
