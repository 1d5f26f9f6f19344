#!/usr/bin/python3
"""Event collectors while others write: eight writers insert at least a million rows, in transactions of
random length that often wait and often roll back, dated up to settle before their transaction's start.
The exporter is killed meanwhile, again and again. Totals never fall and are never above what is
committed, and at the end they are exact; no recount ever finds a row that was missed.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import http.client
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from cluster import POSTGRES, Cluster  # noqa: E402
from exporter import Exporter  # noqa: E402
from script import main  # noqa: E402

ROWS = 1_000_000
WRITERS = 8
KILLS = 4
KINDS = ("a", "b", "c")
SECONDS_MAX = 900
SCRAPE_SECONDS = 30

# Twenty of a hundred roll back. Most wait for milliseconds before they end, one of fifty for seconds.
# Dates: the transaction's start, or that less than settle (2 s) ago, or the clock.
WRITER = r"""
\set rows random(1, 1200)
\set wait random(0, 40)
\set chance random(1, 100)
\if :chance <= 2
\set wait random(1000, 3000)
\endif
BEGIN;
INSERT INTO events (at, kind, size)
SELECT CASE n % 3 WHEN 0 THEN now() WHEN 1 THEN now() - random() * interval '1800 ms' ELSE clock_timestamp() END,
       substr('aabc', 1 + n % 4, 1), n % 100
FROM generate_series(1, :rows) n;
\sleep :wait ms
\if :chance > 80
ROLLBACK;
\else
COMMIT;
\endif
"""

CATALOG = """
queries:
  - name: events_total
    help: Events by kind.
    type: counter
    interval: 1s
    zero_fill: [a, b, c]
    events: {table: events, time: at, labels: [kind], settle: 2s, reconcile: 3s}
  - name: event_size
    help: Their sizes.
    type: histogram
    interval: 1s
    buckets: [10, 50]
    events: {table: events, time: at, value: size, settle: 2s, reconcile: 3s}
"""


class Totals:
    """What one scrape shows of the two collectors; a collector that failed shows nothing."""

    def __init__(self, scrape):
        self.scrape = scrape
        self.kinds = {kind: scrape.get(f'events_total{{kind="{kind}"}}') for kind in KINDS}
        self.size = {part: scrape.get(f"event_size{part}") for part in (
            "_count", "_sum", '_bucket{le="10"}', '_bucket{le="50"}', '_bucket{le="+Inf"}')}

    def all(self):
        return {name: value for name, value in {**self.kinds, **self.size}.items() if value is not None}

    def about(self, name):
        return {collector: self.scrape.get(f'backstay_events_{name}{{collector="{collector}"}}')
                for collector in ("events_total", "event_size")}


class EventWriters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("synchronous_commit=off", "max_wal_size=4GB").start()
        cls.addClassCleanup(cls.cluster.remove)
        # What it keeps there outlives each of the exporters.
        folder = tempfile.TemporaryDirectory(prefix="backstay-events-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.cluster.sql("""
            CREATE TABLE events (id bigserial, at timestamptz, kind text, size int);
            CREATE INDEX ON events (at);
            CREATE ROLE watcher LOGIN PASSWORD 'a password' IN ROLE pg_monitor CONNECTION LIMIT 3;
            GRANT SELECT ON events TO watcher""")
        cls.config = (f"state_dir: {cls.folder}/state\ncollectors: [events.yml]\ndatabase: {{statement_timeout: 20s, "
                      f"url: \"{cls.cluster.url('watcher', 'a password', 'postgres')}\"}}\n")

    def start_exporter(self):
        self.exporter = Exporter(self.config, {"events.yml": CATALOG})
        self.addCleanup(self.exporter.remove)

    def start_writers(self):
        script = self.folder / "writer.sql"
        script.write_text(WRITER)
        return subprocess.Popen(
            [POSTGRES / "pgbench", "--no-vacuum", "--client", str(WRITERS), "--jobs", "2", "--file", script,
             "--time", str(SECONDS_MAX), self.cluster.admin_url()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def truth(self):
        rows = self.cluster.sql("SELECT kind, count(*), sum(size), count(*) FILTER (WHERE size <= 10), "
                                "count(*) FILTER (WHERE size <= 50) FROM events GROUP BY kind").splitlines()
        counts = dict.fromkeys(KINDS, [0, 0, 0, 0])
        counts.update({row.split("|")[0]: [int(part) for part in row.split("|")[1:]] for row in rows})
        count, total, ten, fifty = (sum(part) for part in zip(*counts.values()))
        return {**{kind: counts[kind][0] for kind in KINDS}, "_count": count, "_sum": total,
                '_bucket{le="10"}': ten, '_bucket{le="50"}': fifty, '_bucket{le="+Inf"}': count}

    def scrape(self):
        """Checks that nothing fell, and remembers what was shown."""
        totals = Totals(self.exporter.scrape(SCRAPE_SECONDS))
        for name, value in totals.all().items():
            self.assertGreaterEqual(value, self.shown.get(name, 0), name)
            self.shown[name] = value
        for collector, late in totals.about("late_total").items():
            self.assertIn(late, (None, 0), f"{collector} missed rows")
        return totals

    def watch(self, writers):
        """Scrapes and kills until there are rows enough; returns how often the bound went on."""
        bounds, rows, killed = set(), 0, 0
        while rows < ROWS:
            self.assertIsNone(writers.poll(), f"only {rows} rows in {SECONDS_MAX} s")
            totals = self.scrape()
            bounds.update(totals.about("final_before_timestamp_seconds").values())
            committed = self.truth()
            for name, value in totals.all().items():
                self.assertLessEqual(value, committed[name], name)
            rows = committed["_count"]
            if rows >= ROWS * (killed + 1) / (KILLS + 1) and killed < KILLS:
                killed += 1
                self.kill_in_a_scrape()
                self.start_exporter()
        self.assertEqual(killed, KILLS)
        return len(bounds - {None})

    def kill_in_a_scrape(self):
        def ask():
            try:
                self.exporter.scrape(SCRAPE_SECONDS)
            except (OSError, http.client.HTTPException):
                pass  # it was killed, as it should be
        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.02)
        self.exporter.remove()
        asking.join()

    def wait_until_final(self):
        """Until there is no tail any more."""
        until = time.monotonic() + 300
        while (tail := self.scrape().about("tail_rows")) != {"events_total": 0, "event_size": 0}:
            self.assertLess(time.monotonic(), until, f"still a tail: {tail}")
            time.sleep(0.2)

    def test_totals_are_exact(self):
        self.shown = {}
        self.start_exporter()
        writers = self.start_writers()
        try:
            steps = self.watch(writers)
        finally:
            writers.terminate()
            writers.wait()
        self.assertGreater(steps, 3, "the bound stood still: nothing was tried")
        while self.cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'") != "0":
            time.sleep(0.05)
        committed = self.truth()
        self.assertGreaterEqual(committed["_count"], ROWS)
        self.wait_until_final()
        self.assertEqual(self.shown, committed)

        self.cluster.sql("TRUNCATE events; INSERT INTO events (at, kind, size) VALUES (now(), 'a', 7)")
        self.exporter.remove()
        self.start_exporter()
        self.wait_until_final()
        expected = {name: value + 1 for name, value in committed.items()}
        expected.update({"b": committed["b"], "c": committed["c"], "_sum": committed["_sum"] + 7})
        self.assertEqual(self.shown, expected)
        self.exporter.stop()
        print(f"{committed['_count']} rows, the bound went on {steps} times, killed {KILLS + 1} times")


if __name__ == "__main__":
    main(SECONDS_MAX + 600)
