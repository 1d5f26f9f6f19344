#include "receiver/journal/schema.h"

#include <array>
#include <stdexcept>
#include <string>

#include <sqlite3.h>

#include "receiver/journal/database.h"
#include "receiver/journal/sqlite_error.h"

namespace backstay::journal {
namespace {

// Times are milliseconds since the epoch, UTC. A migration is never edited once released: a change
// is a new one at the end.
constexpr std::array<const char*, 6> kMigrations{R"sql(
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  received_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  dedupe_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  release TEXT NOT NULL,
  subject TEXT NOT NULL,
  labels TEXT NOT NULL,                -- JSON object
  began_at INTEGER,
  deliveries INTEGER NOT NULL DEFAULT 1,
  UNIQUE (source, dedupe_key)
);
CREATE TABLE facts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id INTEGER NOT NULL REFERENCES events,
  gathered_at INTEGER NOT NULL,
  facts TEXT NOT NULL                  -- JSON object
);
CREATE TABLE decisions (
  event_id INTEGER PRIMARY KEY REFERENCES events,   -- so that an event has one final decision
  decided_at INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  explanation TEXT NOT NULL,
  rule TEXT NOT NULL
);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id INTEGER NOT NULL UNIQUE REFERENCES decisions,  -- so that an event is acted on once
  action TEXT NOT NULL,
  with_backup INTEGER NOT NULL,
  release_from TEXT NOT NULL,
  release_to TEXT NOT NULL,
  deployment_id INTEGER,               -- the deployment that a rollback undoes
  rule TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  detail TEXT
);
CREATE UNIQUE INDEX one_run_in_flight ON runs ((1)) WHERE ended_at IS NULL;
CREATE TABLE steps (
  token INTEGER PRIMARY KEY AUTOINCREMENT,          -- the fencing token: it only grows
  run_id INTEGER NOT NULL REFERENCES runs,
  name TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,                        -- done, failed, unknown
  detail TEXT,
  checked_at INTEGER,                  -- an unknown step is asked what is true
  finding TEXT                         -- done, not_done, unknown
);
CREATE INDEX steps_of_run ON steps (run_id);
CREATE TABLE releases (
  name TEXT PRIMARY KEY,
  first_seen_at INTEGER NOT NULL,
  good_at INTEGER,
  poisoned_at INTEGER,
  poison_reason TEXT,
  rollback_safe INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE deployments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  release TEXT NOT NULL REFERENCES releases,
  kind TEXT NOT NULL,                  -- deploy, rollback, adopted, observed
  run_id INTEGER REFERENCES runs,
  live_at INTEGER NOT NULL,
  ended_at INTEGER,
  rolled_back INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_live_deployment ON deployments ((1)) WHERE ended_at IS NULL;
CREATE TABLE changes (                 -- what happened to releases, and who did it
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  release TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  created_at INTEGER NOT NULL,
  run_id INTEGER,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  channel TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  sent_at INTEGER,
  given_up_at INTEGER,
  last_error TEXT
);
CREATE INDEX outbox_pending ON outbox (next_attempt_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
)sql",
                                                 // What a journal of a million events needs.
                                                 R"sql(
CREATE TABLE undecided (               -- so that the next event is found without a search
  event_id INTEGER PRIMARY KEY REFERENCES events
);
INSERT INTO undecided
  SELECT e.id FROM events e LEFT JOIN decisions d ON d.event_id = e.id WHERE d.event_id IS NULL;
CREATE TRIGGER event_waits AFTER INSERT ON events BEGIN
  INSERT INTO undecided (event_id) VALUES (new.id);
END;
CREATE TRIGGER event_is_decided AFTER INSERT ON decisions BEGIN
  DELETE FROM undecided WHERE event_id = new.event_id;
END;
CREATE TABLE totals (                  -- counters that old rows may be removed from under
  name TEXT NOT NULL,
  first TEXT NOT NULL,
  second TEXT NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (name, first, second)
);
INSERT INTO totals SELECT 'events', source, kind, count(*) FROM events GROUP BY 2, 3;
INSERT INTO totals SELECT 'decisions', verdict, reason, count(*) FROM decisions GROUP BY 2, 3;
INSERT INTO totals
  SELECT 'runs', action, outcome, count(*) FROM runs WHERE ended_at IS NOT NULL GROUP BY 2, 3;
INSERT INTO totals
  SELECT 'steps', name, outcome, count(*) FROM steps WHERE ended_at IS NOT NULL GROUP BY 2, 3;
INSERT INTO totals
  SELECT 'given_up', channel, '', count(*) FROM outbox WHERE given_up_at IS NOT NULL GROUP BY 2;
CREATE TRIGGER count_event AFTER INSERT ON events BEGIN
  INSERT INTO totals VALUES ('events', new.source, new.kind, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER count_decision AFTER INSERT ON decisions BEGIN
  INSERT INTO totals VALUES ('decisions', new.verdict, new.reason, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER count_run AFTER UPDATE OF ended_at ON runs
WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL BEGIN
  INSERT INTO totals VALUES ('runs', new.action, new.outcome, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER count_step AFTER UPDATE OF ended_at ON steps
WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL BEGIN
  INSERT INTO totals VALUES ('steps', new.name, new.outcome, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER count_given_up AFTER UPDATE OF given_up_at ON outbox
WHEN old.given_up_at IS NULL AND new.given_up_at IS NOT NULL BEGIN
  INSERT INTO totals VALUES ('given_up', new.channel, '', 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
ALTER TABLE events ADD COLUMN last_delivered_at INTEGER;
CREATE INDEX facts_of_event ON facts (event_id);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX alerts_by_beginning ON events (began_at) WHERE kind = 'alert_firing';
)sql",
                                                 // Questions to people.
                                                 R"sql(
CREATE TABLE approvals (               -- what people are asked before an event is decided
  event_id INTEGER PRIMARY KEY REFERENCES events,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  rule TEXT NOT NULL,
  action TEXT NOT NULL,
  release_from TEXT NOT NULL,
  release_to TEXT NOT NULL,
  deployment_id INTEGER,
  explanation TEXT NOT NULL,
  look_again INTEGER NOT NULL DEFAULT 0,
  answered_at INTEGER,
  answer TEXT,                         -- approved, refused
  actor TEXT,
  reason TEXT
);
)sql",
                                                 // Messages of one kind.
                                                 R"sql(
ALTER TABLE outbox ADD COLUMN group_key TEXT;
ALTER TABLE outbox ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN window_ends_at INTEGER;
CREATE INDEX outbox_groups ON outbox (channel, group_key, id) WHERE group_key IS NOT NULL;
CREATE TRIGGER count_folded AFTER UPDATE OF folded ON outbox WHEN new.folded > 1 BEGIN
  INSERT INTO totals VALUES ('folded', new.channel, '', 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
)sql",
                                                 // What a release is made of, and how well
                                                 // deployments go.
                                                 R"sql(
ALTER TABLE events ADD COLUMN details TEXT;
ALTER TABLE releases ADD COLUMN details TEXT;
ALTER TABLE deployments ADD COLUMN actor TEXT;
ALTER TABLE deployments ADD COLUMN purpose TEXT;
ALTER TABLE deployments ADD COLUMN failed_at INTEGER;
ALTER TABLE deployments ADD COLUMN recovered_at INTEGER;
UPDATE deployments SET purpose = iif(kind = 'rollback', 'rollback', 'planned')
  WHERE kind IN ('deploy', 'rollback')
     OR (kind = 'observed' AND id > (SELECT min(id) FROM deployments));
UPDATE deployments SET failed_at = coalesce(ended_at, live_at) WHERE rolled_back = 1;
INSERT INTO totals
  SELECT 'deployments', purpose, '', count(*) FROM deployments
  WHERE purpose IS NOT NULL GROUP BY 2;
INSERT INTO totals
  SELECT 'deployment_failures', purpose, '', count(*) FROM deployments
  WHERE purpose IS NOT NULL AND failed_at IS NOT NULL GROUP BY 2;
CREATE TRIGGER count_deployment AFTER INSERT ON deployments WHEN new.purpose IS NOT NULL BEGIN
  INSERT INTO totals VALUES ('deployments', new.purpose, '', 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER count_deployment_failure AFTER UPDATE OF failed_at ON deployments
WHEN old.failed_at IS NULL AND new.failed_at IS NOT NULL AND new.purpose IS NOT NULL BEGIN
  INSERT INTO totals VALUES ('deployment_failures', new.purpose, '', 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
)sql",
                                                 // Since when a message is tried.
                                                 R"sql(
ALTER TABLE outbox ADD COLUMN first_tried_at INTEGER;
UPDATE outbox SET first_tried_at = created_at WHERE attempts > 0;
)sql"};

std::size_t version_of(sqlite3* db) {
  Statement statement(db, "PRAGMA user_version");
  return statement.next() ? static_cast<std::size_t>(statement.integer(0)) : 0;
}

void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    const SqliteError error(db);
    sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    throw error;
  }
}

}  // namespace

void bring_up_to_date(sqlite3* db) {
  std::size_t version = version_of(db);
  static_assert(kMigrations.size() == kSchemaVersion);
  if (version > kSchemaVersion) {
    throw std::runtime_error("made by a newer version of Backstay (schema " +
                             std::to_string(version) + ", this program knows " +
                             std::to_string(kSchemaVersion) + ")");
  }
  for (; version < kSchemaVersion; ++version) {
    run(db, "BEGIN IMMEDIATE;" + std::string(kMigrations[version]) +
                "PRAGMA user_version=" + std::to_string(version + 1) + ";COMMIT;");
  }
}

}  // namespace backstay::journal
