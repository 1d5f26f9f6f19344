#!/usr/bin/python3
"""The receiver's memory, and what a long journal costs: idle with a new journal; after a storm of webhooks; with a million
events, all decided, a thousand of them deploys with their runs and steps. How long that one takes from its start to the
first 200 of /-/ready, five times, and what a decision takes on it (decision.cpp): history and policy, and beside it, without
a budget, because it is the disk's, with facts and decision committed. Fails where a figure is over its budget: 30 MB, 2 s,
5 ms.

journal_bench.py [EVENTS]     1000000 by default
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from webhook_bench import BIN, CONFIG, FIRST, SENDERS, write_deliveries  # noqa: E402
from cluster import check, end, free_port, wait_for  # noqa: E402
from script import end_with_all_on_signals  # noqa: E402

MEMORY_MB, START_S, DECISION_MS = 30, 2, 5
STORM, STARTS, DECISIONS = 20_000, 5, 300
# Every thousandth event is a deploy that was carried out; of the others a third are alerts.
FILL = """\
CREATE TEMP TABLE n AS WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < :events)
  SELECT i, :now - (:events - i + 60) * 1000 AS at FROM count;
INSERT INTO events (id, received_at, source, dedupe_key, kind, actor, release, subject, labels, began_at)
  SELECT i, at, iif(i % 3 = 0, 'alertmanager', 'ci'), hex(randomblob(16)),
         iif(i % 1000 = 0, 'deploy_requested', iif(i % 3 = 0, 'alert_firing', 'deploy_started')), 'ada',
         'r-' || (i / 1000), 'production', '{"environment":"production","kind":"deployment_status"}',
         iif(i % 3 = 0, at, NULL) FROM n;
INSERT INTO facts (event_id, gathered_at, facts)
  SELECT i, at, '{"disarmed":false,"kept_releases":["r-1","r-2"],"live_release":"r-2"}' FROM n;
INSERT INTO decisions SELECT i, at, iif(i % 1000 = 0, 'act', iif(i % 3 = 0, 'refuse', 'note')),
         iif(i % 1000 = 0, 'asked', iif(i % 3 = 0, 'no_rule', 'happened_elsewhere')),
         'a sentence of the usual length about what was decided, with names and times', '' FROM n;
INSERT INTO runs (event_id, action, with_backup, release_from, release_to, rule, started_at, ended_at, outcome, detail)
  SELECT i, 'deploy', 1, 'r-' || (i / 1000 - 1), 'r-' || (i / 1000), 'ship', at, at + 900, 'done', '' FROM n
  WHERE i % 1000 = 0;
INSERT INTO steps (run_id, name, started_at, ended_at, outcome, detail)
  SELECT r.id, s.value, r.started_at, r.ended_at, 'done', '' FROM runs r,
         json_each('["backup", "stage", "switch", "verify"]') s ORDER BY r.id, s.key;
INSERT INTO releases (name, first_seen_at, good_at) SELECT release_to, started_at, ended_at FROM runs;
INSERT INTO deployments (release, kind, run_id, live_at, ended_at)
  SELECT release_to, 'deploy', id, started_at, lead(started_at) OVER (ORDER BY id) FROM runs;
"""


class Receiver:
    """A process on a journal in the folder, up to the first 200 of /-/ready; took_s is how long that was."""

    def __init__(self, folder):
        self.port = free_port()
        (folder / "receiver.yml").write_text(CONFIG.format(dir=folder))
        begun = time.monotonic()
        with open(folder / "log", "ab") as log:
            self.process = subprocess.Popen([BIN / "backstay-receiver", "--config.file", folder / "receiver.yml",
                                             "--web.listen-address", f"127.0.0.1:{self.port}"], stdout=log, stderr=log)
        wait_for("the receiver", self.is_ready)
        self.took_s = time.monotonic() - begun

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=30).status == 200
        except OSError:
            assert self.process.poll() is None, "the receiver has ended"
            return False

    def memory(self):
        """MB, as /proc/PID/smaps_rollup has them."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()[1:]
        kb = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return {"RSS": kb["Rss"] / 1000, "PSS": kb["Pss"] / 1000}


def ask(journal, sql):
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute(sql).fetchone()[0]


def storm(folder, receiver, journal):
    """Returns when all of them are decided."""
    check([BIN / "bench_webhook_storm", receiver.port, "/webhooks/github", folder / "key", folder / "body", FIRST, STORM,
           SENDERS])
    wait_for("the decisions", lambda: ask(journal, "SELECT count(*) FROM decisions") == STORM)


def fill(journal, events):
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        values = {"events": events, "now": int(time.time() * 1000)}
        for statement in FILL.split(";\n"):
            if statement.strip():
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                connection.execute(statement, used)
        connection.commit()


def starts(folder):
    """Seconds of each start, and the memory of the last one a while later."""
    took = []
    for number in range(STARTS):
        receiver = Receiver(folder)
        took.append(receiver.took_s)
        if number == STARTS - 1:
            time.sleep(3)
            memory = receiver.memory()
        end(receiver.process)
    return took, memory


def measure(folder, events):
    (folder / "state").mkdir()
    (folder / "backups").mkdir()
    write_deliveries(folder)
    journal = folder / "state" / "journal.db"
    found = {}
    receiver = Receiver(folder)
    time.sleep(3)
    found["idle, new"] = receiver.memory()
    storm(folder, receiver, journal)
    found[f"after {STORM:,} webhooks"] = receiver.memory()
    end(receiver.process)
    for path in (folder / "state").iterdir():
        path.unlink()
    end(Receiver(folder).process)  # makes the tables
    fill(journal, events)
    took, found[f"idle, {events:,} events"] = starts(folder)
    decision = json.loads(check([BIN / "bench_decision", journal, DECISIONS]))
    return found, took, decision, journal.stat().st_size


def main():
    end_with_all_on_signals()
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        memory, took, decision, size = measure(Path(name), events)
    print(f"{'memory, MB':<34}{'RSS':>10}{'PSS':>10}{'budget':>10}")
    for what, mb in memory.items():
        print(f"{what:<34}{mb['RSS']:>10.1f}{mb['PSS']:>10.1f}{MEMORY_MB:>10}")
    print(f"\n{f'{events:,} events, {size / 1e6:,.0f} MB':<34}{'median':>10}{'worst':>10}{'budget':>10}")
    print(f"{f'start to ready, s ({STARTS} times)':<34}{statistics.median(took):>10.2f}{max(took):>10.2f}{START_S:>10}")
    for what, text, budget in (("thought", "decision: history and policy, ms", DECISION_MS),
                               ("on_disk", "the same with its two commits, ms", "")):
        print(f"{text:<34}{decision[what]['median']:>10.2f}{decision[what]['p99']:>10.2f}{budget:>10}")
    print(f"(the worst of {DECISIONS} decisions is the 99th percentile; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")
    is_kept = (all(mb["RSS"] < MEMORY_MB for mb in memory.values()) and statistics.median(took) < START_S
               and decision["thought"]["median"] < DECISION_MS)
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
