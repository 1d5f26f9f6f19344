#!/usr/bin/python3
"""backstay-exporter beside postgres_exporter 0.11 on one cluster, each with nothing but DATA_SOURCE_NAME: each
metric of theirs is there under the same name, type, labels and value. What differs is in a table of
docs/METRICS.md, and what is in the table differs.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import fnmatch
import functools
import math
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "docs"))
sys.dont_write_bytecode = True

from cluster import Cluster, wait_for  # noqa: E402
from exporter import BINARIES, DropIn  # noqa: E402
from script import main  # noqa: E402
from tables import names_in, rows  # noqa: E402

OURS = BINARIES / "backstay-exporter"
THEIRS = "/usr/bin/prometheus-postgres-exporter"
MONITORING = "monitoring"  # the database that both are connected to, where their own doings show

# What a scrape changes by looking: the exporters' own sessions, transactions and locks.
SEEN_BY_LOOKING = ("pg_stat_activity_count", "pg_stat_activity_max_tx_duration", "pg_locks_count")
# Each exporter's own clock: they differ, but by chance one may lie between two of the other.
OWN_DURATIONS = ("pg_exporter_last_scrape_duration_seconds", "pg_scrape_collector_duration_seconds")
# Seconds since 1970, of which 0.11 shows whole ones.
WHOLE_SECONDS = ("*_stats_reset", "*_stats_reset_total", "*_reply_time", "*_checksum_last_failure")


def make_life(primary):
    """Sessions in each state, locks held and waited for, slots of each kind, a prepared transaction."""
    for name in ("app", "empty", MONITORING):
        primary.sql(f"CREATE DATABASE {name}")
    primary.script("""
        SELECT pg_create_logical_replication_slot('logical', 'test_decoding');
        CREATE TABLE orders (id int PRIMARY KEY, note text);
        INSERT INTO orders SELECT n, repeat('x', 50) FROM generate_series(1, 20000) n;
        UPDATE orders SET note = 'y' WHERE id % 3 = 0;
        DELETE FROM orders WHERE id % 10 = 0;
        VACUUM ANALYZE orders;
        BEGIN; INSERT INTO orders VALUES (-1); ROLLBACK;
        BEGIN; INSERT INTO orders VALUES (-2); PREPARE TRANSACTION 'waits';
        SELECT pg_create_physical_replication_slot('reserved', true);
        SELECT pg_create_physical_replication_slot('unreserved');
        SELECT pg_switch_wal();
        CHECKPOINT;
    """, "app")
    wait_for("a WAL file to be archived", lambda: primary.sql("SELECT archived_count FROM pg_stat_archiver") != "0")
    for sql in ("SELECT 1", "BEGIN; LOCK orders IN ROW EXCLUSIVE MODE",
                "\\set ON_ERROR_STOP off\nBEGIN; SELECT 1/0",  # and stays, in a transaction that has failed
                "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM orders"):
        primary.session(database="app").run(sql)
    primary.session(database="app").send("BEGIN; LOCK orders IN ACCESS EXCLUSIVE MODE")
    wait_for("a session that waits for a lock", lambda: primary.sql(
        "SELECT count(*) FROM pg_locks WHERE NOT granted") != "0")


def standby_of(primary, settings):
    """With a slot of its own."""
    primary.sql("SELECT pg_create_physical_replication_slot('standby', true)")
    return Cluster(*settings, "primary_slot_name=standby", data_of=primary).start()


def is_known(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def between(value, before, after, tolerance):
    low, high = min(before, after), max(before, after)
    slack = tolerance + 1e-9 * abs(value)
    return low - slack <= value <= high + slack


def differences_of(name, theirs, before, after):
    """How a family of theirs differs from ours, which was read before and after it."""
    if name not in before or name not in after:
        return {"NaN"} if all(math.isnan(value) for value in theirs.series.values()) else {"absent"}
    found = set()
    if theirs.type != after[name].type:
        found.add("type")
    for labels, value in theirs.series.items():
        labels = frozenset(pair for pair in labels if pair[0] != "server")
        if math.isnan(value):
            found |= {"NaN"} if labels not in after[name].series else {"value"}
        elif labels not in before[name].series or labels not in after[name].series:
            found.add("labels")
        elif name in SEEN_BY_LOOKING and ("datname", MONITORING) in labels:
            continue
        elif not between(value, before[name].series[labels], after[name].series[labels],
                         1 if is_known(name, WHOLE_SECONDS) else 0):
            found.add("value")
    return found


@functools.cache
def documented_differences():
    """(pattern of a name, how it differs)"""
    return [(pattern, cells[1]) for cells in rows("docs/METRICS.md", "Beside postgres_exporter 0.11")
            if len(cells) == 3 for pattern in names_in(cells[0])]


def is_documented(name, how):
    return any(fnmatch.fnmatch(name, pattern) and how == kind for pattern, kind in documented_differences())


class Comparison(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        settings = [
            "wal_level=logical", "max_prepared_transactions=5", "track_io_timing=on", "archive_mode=on",
            "archive_command=true", "work_mem=5MB", "deadlock_timeout=1500ms", "old_snapshot_threshold=-1",
            "autovacuum_vacuum_scale_factor=0.15", "autovacuum=off", "log_temp_files=-1"]
        cls.primary = Cluster(*settings).start()
        cls.standby = standby_of(cls.primary, settings)
        make_life(cls.primary)
        wait_for("the standby to stream", lambda: cls.primary.sql(
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' "
            "AND replay_lsn = pg_current_wal_lsn()") == "1")

    @staticmethod
    def exporters_on(cluster):
        pair = [DropIn(program, cluster.admin_url_over_tcp(MONITORING)) for program in (OURS, THEIRS)]
        for exporter in pair * 2:
            exporter.families()  # every session that they will have is there, and has its caches
        return pair

    @staticmethod
    def compared(ours, theirs):
        """(name, how), and both scrapes"""
        before, shown, after = ours.families(), theirs.families(), ours.families()
        return {(name, how) for name, family in shown.items()
                for how in differences_of(name, family, before, after)}, shown, after

    def differences_on(self, cluster):
        """(name, how), and both scrapes. What is no difference may look like one for once: a value that goes up and
        down again between two scrapes."""
        ours, theirs = self.exporters_on(cluster)
        known, unknown = set(), None
        for _ in range(5):
            found, shown, after = self.compared(ours, theirs)
            known |= {each for each in found if is_documented(*each)}
            again = found - known
            unknown = again if unknown is None else unknown & again
            if not unknown:
                break
        return known | unknown, shown, after

    def test_what_differs_is_in_the_table_and_what_is_in_the_table_differs(self):
        on_primary, of_primary, _ = self.differences_on(self.primary)
        on_standby, of_standby, _ = self.differences_on(self.standby)
        found, documented = on_primary | on_standby, documented_differences()
        for name, how in sorted(found):
            with self.subTest(name):
                self.assertTrue(is_documented(name, how), f"{name} differs: {how}")
        for pattern, how in documented:
            with self.subTest(pattern):
                self.assertTrue(pattern in OWN_DURATIONS or
                                any(fnmatch.fnmatch(name, pattern) and how == kind for name, kind in found),
                                f"{pattern} does not differ: {how}")
        # The life that was made is life to them too.
        self.assertGreater(min(len(of_primary), len(of_standby)), 250)
        for name in ("pg_stat_replication_pg_wal_lsn_diff", "pg_replication_slots_active", "pg_locks_count"):
            self.assertIn(name, of_primary)

    def test_a_standby_is_served_whole(self):
        _, _, ours = self.differences_on(self.standby)
        failed = [labels for labels, value in ours["backstay_scrape_collector_success"].series.items() if value != 1]
        self.assertEqual(failed, [])
        for name in ("pg_replication_is_replica", "pg_settings_in_hot_standby"):
            self.assertEqual(ours[name].series, {frozenset(): 1.0})

    def test_a_setting_that_was_reloaded_shows_at_the_next_scrape(self):
        ours, theirs = self.exporters_on(self.primary)
        self.primary.configure("vacuum_cost_limit=321")
        self.primary.reload()
        name = "pg_settings_vacuum_cost_limit"
        wait_for("postgres_exporter to see it", lambda: theirs.families()[name].series[
            frozenset({("server", f"127.0.0.1:{self.primary.port}")})] == 321)
        self.assertEqual(ours.families()[name].series, {frozenset(): 321.0})


if __name__ == "__main__":
    main()
